// JSON reports that were written are shown: as text, and as a page.

#include "tests/support/load_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <string>

#include "tests/support/checkout.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/says.hpp"
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

TEST_F(LoadReport, ALocaleWithoutUtf8GetsAscii) {
  const std::string capacity = dir_.write("capacity.json", R"({"program": "weir-load", "schema": 1, "kind": "capacity",
    "text": "10,000  ██▌   met"})");
  const auto shown = [&](const char* locale) {
    return run("weir-load", {"report", file_, capacity}, {.environment = {{"LC_ALL", locale}}}).out;
  };
  EXPECT_THAT(shown("C.UTF-8"), HasSubstr("█"));
  EXPECT_THAT(shown("C.UTF-8"), HasSubstr("10,000  ██▌   met"));
  const std::string ascii = shown("C");
  EXPECT_THAT(ascii, HasSubstr("10,000  ###   met"));
  EXPECT_THAT(ascii, HasSubstr("\nDistribution of response times\n"));
  EXPECT_EQ(std::count_if(ascii.begin(), ascii.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; }), 0)
      << ascii;
}

TEST_F(LoadReport, AReportThatNobodyGetsIsAnError) {
  for (const char* out : {">&-", ">/dev/full"}) {
    const std::string load = built_program("weir-load");
    const Finished shown = run("/bin/sh", {"-c", load + " report " + file_ + " " + out});
    EXPECT_EQ(shown.exit, 1) << out;
    EXPECT_THAT(shown.err, Says("weir-load: cannot write the report")) << out;
  }
}

TEST_F(LoadReport, APageOfALongRunTakesLittleMoreMemoryThanTheFile) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer's shadow memory is larger than any limit";
  std::string report = read_file(file_);
  std::string buckets;
  for (int i = 0; i < 500; ++i) buckets += (i == 0 ? "[" : ",[") + std::to_string(1'000'000 + 1024 * i) + ",3]";
  std::string intervals;
  for (int second = 1; second <= 3600; ++second) {
    intervals += (second == 1 ? R"({"at_s":)" : R"(,{"at_s":)") + std::to_string(second) +
                 R"(,"length_s":1,"done":1500,"errors":0,"p50_ns":1250000,"p99_ns":1500000,"buckets":[)" + buckets +
                 "]}";
  }
  const std::string key = "\"intervals\":[";
  const std::size_t begin = report.find(key) + key.size();
  report.replace(begin, report.find("],\"exit_status\"") - begin, intervals);
  // 22 MB; as JSON values the buckets alone would take seven times as much.
  const std::string command = "ulimit -v 120000; exec " + built_program("weir-load") + " report --html " +
                              dir_.file("long.html") + " " + dir_.write("long.json", report);
  const Finished shown = run("/bin/sh", {"-c", command});
  EXPECT_EQ(shown.exit, 0) << shown.err;
  EXPECT_THAT(read_file(dir_.file("long.html")), HasSubstr("</html>"));
}

TEST_F(LoadReport, WhatIsNoReportFailsWithItsName) {
  const std::string other = dir_.write("other.json", R"({"program": "weir-load", "schema": 1, "workload": "idle"})");
  const Finished shown = run("weir-load", {"report", file_, other});
  EXPECT_EQ(shown.exit, 1);
  EXPECT_THAT(shown.err, HasSubstr(other + ": is a report of \"idle\""));
}

}  // namespace
}  // namespace weir::test
