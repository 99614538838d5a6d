#include "client/report/report_files.hpp"

#include <gmock/gmock.h>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <stdexcept>

#include "client/report/json.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/client/report/example_result.hpp"

namespace weir::load {
namespace {

namespace json = boost::json;

using ::testing::HasSubstr;
using ::testing::Not;

class ReportFilesTest : public ::testing::Test {
 protected:
  std::string file(const std::string& name, const json::object& report) {
    return dir_.write(name, json::serialize(report));
  }

  std::string raw_file(const std::string& name, const std::string& text) { return dir_.write(name, text); }

  std::string complaint(const std::vector<std::string>& files) {
    try {
      (void)ReportFiles(files);
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "no complaint";
  }

  static json::object of_kind(const char* kind) {
    return {{"schema", 1},
            {"program", "weir-load"},
            {"kind", kind},
            {"sentence", "B is \x1b[31mslower."},
            {"reason", "the server gave way"},
            {"objections", json::array{"B was interrupted"}}};
  }

  const json::object run_ = json_report(example());

 private:
  test::TempDir dir_;
};

TEST_F(ReportFilesTest, ReportsGoIntoTheDocumentAsTheyAreUnderTheirNames) {
  json::object older = run_;
  older.erase("fairness");
  const std::string first = file("a.json", run_);
  const std::string second = file("b.json", older);
  const json::object document = ReportFiles({first, second}).document({"weir-load", "report"});
  EXPECT_EQ(document.at("reports"), (json::array{json::object{{"label", first}, {"report", run_}},
                                                 json::object{{"label", second}, {"report", older}}}));
  EXPECT_TRUE(document.at("comparison").is_null());
  EXPECT_TRUE(document.at("capacity").is_null());
  EXPECT_EQ(document.at("command"), (json::array{"weir-load", "report"}));
}

TEST_F(ReportFilesTest, AComparisonAndACapacityHaveTheirPlaces) {
  const ReportFiles files({file("c.json", of_kind("comparison")), file("d.json", of_kind("capacity"))});
  const json::object document = files.document({});
  EXPECT_EQ(document.at("comparison"), of_kind("comparison"));
  EXPECT_EQ(document.at("capacity"), of_kind("capacity"));
  EXPECT_EQ(document.at("reports"), json::array());
}

TEST_F(ReportFilesTest, TheTextHasEachReportAndNothingThatMovesTheCursor) {
  const std::string text =
      ReportFiles({file("a.json", run_), file("c.json", of_kind("comparison")), file("d.json", of_kind("capacity"))})
          .text();
  EXPECT_THAT(text, HasSubstr("weir-load echo localhost:7000"));
  EXPECT_THAT(text, HasSubstr("d.json: the server gave way\n"));
  EXPECT_THAT(text, HasSubstr("but: B was interrupted\n"));
  EXPECT_THAT(text, HasSubstr("B is \\x1b[31mslower."));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

TEST_F(ReportFilesTest, WhatAVerbPrintedIsPrintedOnceMore) {
  json::object comparison = of_kind("comparison");
  comparison["text"] = "weir-load compare\n  p50 \x1b[31m\n";
  json::object capacity = of_kind("capacity");
  capacity["text"] = "weir-load capacity\n  ▏ met\n";
  const std::vector<std::string> others{file("c.json", comparison), file("d.json", capacity)};
  const std::string printed = "weir-load capacity\n  ▏ met\n\nweir-load compare\n  p50 \\x1b[31m\n";
  EXPECT_EQ(ReportFiles(others).text(), printed);
  EXPECT_EQ(ReportFiles(others).table(), printed) << "no rows, since there is no run";
  const std::string with_run = ReportFiles({others[0], others[1], file("a.json", run_)}).table();
  EXPECT_THAT(with_run, HasSubstr("\n  a "));
  EXPECT_THAT(with_run, testing::EndsWith("\n\n" + printed));
}

TEST_F(ReportFilesTest, DamagedIntervalsAreRefusedWithTheNameOfTheirFile) {
  std::string text = json::serialize(run_);
  const std::size_t begin = text.find("\"intervals\":[");
  text.insert(begin + std::string("\"intervals\":[").size(), "{},,");
  const std::string name = raw_file("cut.json", text);
  const ReportFiles files({name});
  const auto complaint_of = [](const auto& action) {
    try {
      action();
    } catch (const std::runtime_error& error) {
      return std::string(error.what());
    }
    return std::string("no complaint");
  };
  const std::string expected = name + ": is not a readable report: ";
  EXPECT_THAT(complaint_of([&] { (void)files.document({}); }), testing::StartsWith(expected));
  EXPECT_THAT(complaint_of([&] { (void)files.text(); }), testing::StartsWith(expected));
}

TEST_F(ReportFilesTest, WhatCannotBeShownIsRefusedWithItsName) {
  const std::string comparison = file("c.json", of_kind("comparison"));
  EXPECT_THAT(complaint({comparison, comparison}), HasSubstr("c.json: is a second comparison"));
  EXPECT_THAT(complaint({file("e.json", {{"program", "another"}})}),
              HasSubstr("e.json: is no JSON report of weir-load"));
  EXPECT_THAT(complaint({file("f.json", {{"program", "weir-load"}, {"schema", 2}})}),
              HasSubstr("f.json: has another schema than 1"));
  json::object stream = run_;
  stream["workload"] = "stream";
  EXPECT_THAT(complaint({file("g.json", stream)}), HasSubstr("g.json: is a report of \"stream\""));
  EXPECT_THAT(complaint({"/nowhere/h.json"}), HasSubstr("/nowhere/h.json"));
}

TEST_F(ReportFilesTest, AReportOfWhichNoTextCanBeMadeHasAPageAlone) {
  json::object older = run_;
  older.erase("fairness");
  const ReportFiles files({file("old.json", older)});
  EXPECT_THROW(files.text(), std::runtime_error);
  EXPECT_EQ(files.document({}).at("reports").as_array().size(), 1u);
}

}  // namespace
}  // namespace weir::load
