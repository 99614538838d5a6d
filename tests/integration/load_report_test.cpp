// JSON reports that were written are shown: as text, and as a page.

#include "tests/support/load_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <string>

#include "tests/support/checkout.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/temp_dir.hpp"

namespace weir::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class LoadReport : public ::testing::Test {
 protected:
  void SetUp() override {
    const Finished finished =
        run("weir-load", {"echo", "--quiet", "-c", "2", "-n", "100", "--json", file_, server_.address()});
    ASSERT_EQ(finished.exit, 0) << finished.err;
    text_ = finished.out;
  }

  FakeBackend server_{echoes()};
  TempDir dir_;
  const std::string file_ = dir_.file("run.json");
  std::string text_;  ///< what the run printed
};

TEST_F(LoadReport, AReportIsPrintedAsTheRunPrintedIt) {
  const Finished shown = run("weir-load", {"report", file_});
  EXPECT_EQ(shown.exit, 0) << shown.err;
  EXPECT_EQ(shown.out, text_);
}

TEST_F(LoadReport, APageHoldsTheReport) {
  const Finished shown = run("weir-load", {"report", file_, "--html", dir_.file("run.html")});
  EXPECT_EQ(shown.exit, 0) << shown.err;
  EXPECT_THAT(shown.out, IsEmpty());
  const std::string page = read_file(dir_.file("run.html"));
  EXPECT_THAT(page, StartsWith("<!doctype html>"));
  const std::string mark = R"(id="document">)";
  const std::size_t begin = page.find(mark) + mark.size();
  const boost::json::value document = boost::json::parse(page.substr(begin, page.find("</script>", begin) - begin));
  const boost::json::value report = boost::json::parse(read_file(file_));
  for (const char* key : {"latency", "errors", "options", "machine"}) {
    EXPECT_EQ(document.at("reports").at(0).at("report").at(key), report.at(key));
  }
  EXPECT_EQ(document.at("reports").at(0).at("label"), file_.c_str());
}

TEST_F(LoadReport, APageOnStdoutLeavesTheTextToStderr) {
  const Finished shown = run("weir-load", {"report", file_, "--text", "--html", "-"});
  EXPECT_EQ(shown.exit, 0);
  EXPECT_THAT(shown.out, StartsWith("<!doctype html>"));
  EXPECT_EQ(shown.err, text_);
}

TEST_F(LoadReport, AReportThatNobodyGetsIsAnError) {
  for (const char* out : {">&-", ">/dev/full"}) {
    const std::string load = built_program("weir-load");
    const Finished shown = run("/bin/sh", {"-c", load + " report " + file_ + " " + out});
    EXPECT_EQ(shown.exit, 1) << out;
    EXPECT_THAT(shown.err, HasSubstr("weir-load: cannot write the report")) << out;
  }
}

TEST_F(LoadReport, WhatIsNoReportFailsWithItsName) {
  const std::string other = dir_.write("other.json", R"({"program": "weir-load", "schema": 1, "workload": "idle"})");
  const Finished shown = run("weir-load", {"report", file_, other});
  EXPECT_EQ(shown.exit, 1);
  EXPECT_THAT(shown.err, HasSubstr(other + ": is a report of \"idle\""));
}

}  // namespace
}  // namespace weir::test
