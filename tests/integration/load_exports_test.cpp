#include <gmock/gmock.h>

#include <boost/json/parse.hpp>
#include <regex>
#include <sstream>

#include "tests/support/fake_backend.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

namespace weir::test {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

namespace json = boost::json;

Finished load(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin() + 1, "--quiet");
  return run("weir-load", std::move(arguments));
}

/// The fields of a file of comma-separated values, a line each.
std::vector<std::vector<std::string>> fields_of(const std::string& csv) {
  std::vector<std::vector<std::string>> rows;
  for (const std::string& line : lines_of(csv)) {
    EXPECT_TRUE(line.ends_with('\r')) << line;
    std::vector<std::string>& row = rows.emplace_back();
    std::istringstream stream(line.substr(0, line.size() - 1) + ",");
    for (std::string field; std::getline(stream, field, ',');) row.push_back(field);
  }
  return rows;
}

/// The number of times that a distribution has in all, by its last line.
std::uint64_t count_of(const std::string& hgrm) {
  std::smatch match;
  if (!std::regex_search(hgrm, match, std::regex("1\\.000000000000 +(\\d+) +inf\n"))) return 0;
  return std::stoull(match[1]);
}

TEST(LoadExports, TimeSeriesOfARunHasTheFiguresOfItsReport) {
  FakeBackend server(echoes());
  const TempDir dir;
  const Finished finished = load({"echo", "-c", "2", "-d", "300ms", "-W", "100ms", "-i", "50ms", "--csv",
                                  dir.file("a.csv"), "--json", dir.file("a.json"), server.address()});
  EXPECT_EQ(finished.exit, 0) << finished.err;
  const json::value report = json::parse(read_file(dir.file("a.json")));
  const auto rows = fields_of(read_file(dir.file("a.csv")));
  const json::array& intervals = report.at("intervals").as_array();
  ASSERT_EQ(rows.size(), intervals.size() + 1);
  EXPECT_THAT(rows, testing::Each(SizeIs(11)));
  EXPECT_EQ(rows[0][0], "at_s");
  EXPECT_EQ(rows[1][2], "warmup");
  EXPECT_EQ(rows.back()[2], "measured");
  for (std::size_t i = 0; i < intervals.size(); ++i) {
    EXPECT_EQ(std::stoull(rows[i + 1][3]), intervals[i].at("done").to_number<std::uint64_t>());
    EXPECT_EQ(std::stoull(rows[i + 1][5]), intervals[i].at("errors").to_number<std::uint64_t>());
    if (rows[i + 1][2] == "warmup" || rows[i + 1][6].empty()) continue;
    EXPECT_EQ(std::stoll(rows[i + 1][6]), intervals[i].at("p50_ns").to_number<std::int64_t>());
    EXPECT_EQ(std::stoll(rows[i + 1][8]), intervals[i].at("p99_ns").to_number<std::int64_t>());
    EXPECT_GE(std::stoll(rows[i + 1][10]), std::stoll(rows[i + 1][9]));
  }
}

TEST(LoadExports, OneOnStdoutMovesTheTextToStderr) {
  FakeBackend server(echoes());
  const Finished csv = load({"echo", "-c", "1", "-n", "10", "--csv", "-", server.address()});
  EXPECT_EQ(csv.exit, 0);
  EXPECT_THAT(csv.out, testing::StartsWith("at_s,length_s,phase,done,rate,errors,"));
  EXPECT_THAT(csv.out, testing::Not(HasSubstr("Verdict")));
  EXPECT_THAT(csv.err, HasSubstr("Errors       none"));
  const Finished hgrm = load({"connect", "-c", "1", "-n", "10", "--hgrm", "-", server.address()});
  EXPECT_EQ(hgrm.exit, 0);
  EXPECT_THAT(hgrm.out, testing::StartsWith("       Value     Percentile TotalCount 1/(1-Percentile)\n\n"));
  EXPECT_EQ(count_of(hgrm.out), 10U);
  EXPECT_THAT(hgrm.err, HasSubstr("Errors       none"));
}

TEST(LoadExports, MergedReportsAreExportedAsRunsAre) {
  FakeBackend server(echoes());
  const TempDir dir;
  for (const char* file : {"a.json", "b.json"}) {
    ASSERT_EQ(load({"echo", "-c", "1", "-n", "20", "--json", dir.file(file), server.address()}).exit, 0);
  }
  const Finished merged = run("weir-load", {"merge", dir.file("a.json"), dir.file("b.json"), "--csv",
                                            dir.file("all.csv"), "--hgrm", dir.file("all.hgrm")});
  EXPECT_EQ(merged.exit, 0) << merged.err;
  EXPECT_EQ(count_of(read_file(dir.file("all.hgrm"))), 40U);
  std::uint64_t done = 0;
  const auto rows = fields_of(read_file(dir.file("all.csv")));
  for (std::size_t i = 1; i < rows.size(); ++i) done += std::stoull(rows[i][3]);
  EXPECT_EQ(done, 40U);
}

TEST(LoadExports, AFileThatCannotBeWrittenIsKnownBeforeTheLoad) {
  FakeBackend server(echoes());
  const Finished finished = load({"echo", "-n", "10", "--csv", "/proc/none/a.csv", server.address()});
  EXPECT_EQ(finished.exit, 1);
  EXPECT_THAT(finished.err, HasSubstr("cannot write /proc/none/a.csv: "));
  EXPECT_EQ(server.accepted(), 0U);
}

TEST(LoadExports, AFullDiskFailsTheRunThatIsReportedNevertheless) {
  FakeBackend server(echoes());
  const Finished finished = load({"echo", "-c", "1", "-n", "10", "--hgrm", "/dev/full", server.address()});
  EXPECT_EQ(finished.exit, 1);
  EXPECT_THAT(finished.out, HasSubstr("Errors       none"));
  EXPECT_THAT(finished.err, HasSubstr("cannot write /dev/full: No space left on device"));
}

}  // namespace
}  // namespace weir::test
