#include "client/report/read_reports.hpp"

#include <gmock/gmock.h>

#include <boost/json/serialize.hpp>
#include <functional>
#include <string>

#include "client/report/json.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/client/report/example_result.hpp"

namespace weir::load {
namespace {

std::string report() { return boost::json::serialize(json_report(example())); }

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "no error";
}

TEST(ReadReports, OneMayBeLaidOutInAnyWay) {
  std::string laid_out = report();
  for (std::size_t at = 0; (at = laid_out.find(",\"", at)) != std::string::npos; at += 2)
    laid_out.insert(at + 1, "\n  ");
  const auto results = parse_json_reports(laid_out, "a.json");
  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(results[0].reached, example().reached);
}

TEST(ReadReports, IntervalsAreReadWhateverIsWrongWithThem) {
  const std::string whole = json_text(full_result(Workload::echo));
  EXPECT_EQ(json_text(parse_json_reports(whole, "a.json").front()), whole);
  const auto error_with = [&whole](const std::string& intervals) {
    const std::size_t begin = whole.find("\"intervals\":") + 12;
    const std::string changed = whole.substr(0, begin) + intervals + whole.substr(whole.rfind(",\"exit_status\""));
    return error_of([&] { parse_json_reports(changed, "a.json"); });
  };
  EXPECT_EQ(error_with(" [ ] "), "no error");
  EXPECT_EQ(error_with("null"), "a.json: is not a readable report: intervals is not of the type that it should be");
  EXPECT_EQ(error_with("[1]"), "a.json: is not a readable report: intervals has something that is no object");
  EXPECT_EQ(error_with("[{\"at_s\":1} {}]"), "a.json: is not a readable report: intervals.length_s is missing");
  for (const char* damaged : {"[{]", "[}]", "[,]", "[{\"a\":\"]\"]", "[{}", "[\"", "[[[[", "[]]"}) {
    EXPECT_NE(error_with(damaged), "no error") << damaged;
  }
}

TEST(ReadReports, LogsHaveThemBetweenOtherLines) {
  const std::string log = "weir-load: metrics on 127.0.0.1:9100\n" + report() +
                          "\n\nLatency  p50 1 ms\n{\"level\":\"info\"}\n" +
                          "[pod/weir-load-3-x/weir-load] 2026-11-28T12:00:00Z " + report() + "\n{not JSON\n" + report();
  EXPECT_EQ(parse_json_reports(log, "all.log").size(), 3U);
}

TEST(ReadReports, ADamagedOneIsAnErrorThatNamesItsLine) {
  const std::string whole = report();
  EXPECT_EQ(error_of([&] { parse_json_reports(whole + "\n" + whole.substr(0, whole.size() - 10) + "\n", "all.log"); }),
            "all.log:2: the report that begins there is cut off or damaged");
  EXPECT_EQ(error_of([&] { parse_json_reports("x\n{\"schema\":1,\"program\":\"weir-load\"}\n", "all.log"); }),
            "all.log:2: is not a readable report: workload is missing");
}

TEST(ReadReports, NoneIsAnError) {
  EXPECT_EQ(error_of([] { parse_json_reports("", "stdin"); }),
            "stdin: is no JSON report of weir-load, and no line of it is one");
  EXPECT_EQ(error_of([] { parse_json_reports("[1, 2]", "a.json"); }),
            "a.json: is no JSON report of weir-load, and no line of it is one");
  EXPECT_EQ(error_of([] { parse_json_reports("{\"program\": \"other\"}", "a.json"); }),
            "a.json: is not a readable report: program is not weir-load");
}

TEST(ReadReports, FilesThatCannotBeReadAreNamed) {
  const test::TempDir dir;
  const std::string file = dir.write("a.json", report());
  EXPECT_EQ(read_json_reports(file).size(), 1U);
  EXPECT_EQ(error_of([&] { read_json_reports(dir.file("b.json")); }),
            dir.file("b.json") + ": No such file or directory");
  EXPECT_EQ(error_of([&] { read_json_reports(dir.path().string()); }), dir.path().string() + ": Is a directory");
}

}  // namespace
}  // namespace weir::load
