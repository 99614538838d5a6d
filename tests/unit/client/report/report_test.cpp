#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "client/report/json.hpp"
#include "client/report/numbers.hpp"
#include "client/report/text.hpp"

namespace weir::load {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using testing::HasSubstr;

LoadResult example() {
  LoadResult result;
  result.options.target = parse_address("localhost:7000", AddressUse::target);
  result.options.connections = 4;
  result.options.duration = std::chrono::seconds(10);
  result.version = "1.2.3";
  result.endpoint = "127.0.0.1:7000";
  result.machine = {"box", "Linux 6.1", "Fast CPU", 2};
  result.threads = 2;
  result.reached = 3;
  result.window_seconds = 10;
  result.cpu_seconds = 4;
  for (int i = 1; i <= 1000; ++i) result.stats.response.record(microseconds(i));
  result.stats.connect.record(milliseconds(2));
  result.stats.replies_in_window = 1000;
  result.stats.bytes_in_window = 64'000;
  result.stats.tallies = {{500, 500'000}, {500, 1'000'000}, {0, 0}, {0, 0}};
  result.stats.failures.add(Failure::refused);
  result.intervals.push_back({1, 1, 100, 1, microseconds(500), microseconds(990)});
  return result;
}

std::size_t columns(const std::string& line) {
  return static_cast<std::size_t>(std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

TEST(Numbers, AreWrittenForPeople) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1'234'567), "1,234,567");
  EXPECT_EQ(display_rate(0.5), "0.50");
  EXPECT_EQ(display_rate(12.34), "12.3");
  EXPECT_EQ(display_rate(61'234.4), "61,234");
  EXPECT_EQ(bar(0.5, 4), "██  ");
  EXPECT_EQ(bar(1, 2), "██");
  EXPECT_EQ(bar(0.0625, 2), "▏ ");
}

TEST(TextReport, ShowsWhatWasRunAndFound) {
  const std::string text = text_report(example());
  EXPECT_THAT(text, HasSubstr("weir-load echo localhost:7000 (127.0.0.1:7000)\n"));
  EXPECT_THAT(text, HasSubstr("4 connections on 2 threads, 10s, messages of 64 bytes, closed loop"));
  EXPECT_THAT(text, HasSubstr("3 of 4 reached"));
  EXPECT_THAT(text, testing::ContainsRegex("requests +1,000 +100 a second"));
  EXPECT_THAT(text, testing::ContainsRegex("response +500 us +750 us +900 us +990 us"));
  EXPECT_THAT(text, testing::ContainsRegex("1  connection refused"));
  EXPECT_THAT(text, HasSubstr("mean of the fastest connection 1.00 us, of the slowest 2.00 us"));
  EXPECT_THAT(text, HasSubstr("Jain's index 0.667, 1 starved"));
  EXPECT_THAT(text, HasSubstr("limited by the server"));
}

TEST(TextReport, IsAtMostAHundredColumnsWide) {
  std::istringstream lines(text_report(example()));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(columns(line), 100u) << line;
}

TEST(LoadResult, GeneratorIsTheLimitWhenItsThreadsAreBusy) {
  LoadResult result = example();
  result.cpu_seconds = 19;
  EXPECT_EQ(result.verdict().limited_by, "generator");
  result.cpu_seconds = 4;
  result.machine_busy = 0.99;
  EXPECT_EQ(result.verdict().limited_by, "machine");
}

TEST(LoadResult, WrongRepliesWinOverFailuresAndAreNotForgiven) {
  LoadResult result = example();
  EXPECT_EQ(result.exit_status(), 1);
  result.options.max_errors = 1;
  EXPECT_EQ(result.exit_status(), 0);
  result.stats.failures.add(Failure::corrupt);
  result.options.max_errors = 100;
  EXPECT_EQ(result.exit_status(), 4);
}

TEST(JsonReport, HasEveryKeyOfTheSchema) {
  const boost::json::object report = boost::json::parse(boost::json::serialize(json_report(example()))).as_object();
  std::vector<std::string> keys;
  for (const auto& entry : report) keys.emplace_back(entry.key());
  EXPECT_THAT(keys,
              testing::UnorderedElementsAre("schema", "program", "version", "workload", "target", "endpoint", "started",
                                            "machine", "options", "threads", "ended_by", "window_s", "connections",
                                            "requests", "cycles", "rate", "bytes_each_way", "latency", "errors",
                                            "fairness", "generator", "verdict", "intervals", "exit_status"));
  EXPECT_EQ(report.at("schema"), 1);
  EXPECT_EQ(report.at("connections").at("reached"), 3);
  EXPECT_EQ(report.at("errors").at("kinds").at("refused"), 1);
  EXPECT_EQ(report.at("requests").at("completed"), 1000);
  EXPECT_EQ(report.at("intervals").at(0).at("p99_ns"), 990'000);
  EXPECT_EQ(report.at("exit_status"), 1);
}

TEST(JsonReport, KeepsHistogramsWithoutLoss) {
  const Histogram histogram = example().stats.response;
  const boost::json::value json = boost::json::parse(boost::json::serialize(histogram_to_json(histogram)));
  const Histogram copy = histogram_from_json(json.as_object());
  EXPECT_EQ(copy.buckets(), histogram.buckets());
  EXPECT_EQ(copy.count(), histogram.count());
  EXPECT_EQ(copy.min(), histogram.min());
  EXPECT_EQ(copy.max(), histogram.max());
  EXPECT_EQ(copy.mean(), histogram.mean());
  EXPECT_EQ(copy.percentile(99.9), histogram.percentile(99.9));
}

}  // namespace
}  // namespace weir::load
