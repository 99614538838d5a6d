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

TEST(LoadResult, WithoutAnyConnectionItFailsWhateverIsForgiven) {
  LoadResult result = example();
  result.options.max_errors = 100;
  EXPECT_EQ(result.exit_status(), 0);
  result.ended_by = EndedBy::no_connection;
  EXPECT_EQ(result.exit_status(), 1);
}

TEST(LoadResult, RateIsOfRepliesOrOfCycles) {
  LoadResult result = example();
  result.stats.cycles_in_window = 50;
  EXPECT_DOUBLE_EQ(result.rate(), 100);
  EXPECT_DOUBLE_EQ(result.byte_rate(), 6400);
  result.options.workload = Workload::connect;
  EXPECT_DOUBLE_EQ(result.rate(), 5);
  result.window_seconds = 0;
  EXPECT_DOUBLE_EQ(result.rate(), 0);
  EXPECT_DOUBLE_EQ(result.byte_rate(), 0);
}

TEST(LoadResult, GeneratorsShareIsOfTheProcessorsThatItsThreadsCanUse) {
  LoadResult result = example();
  result.machine.cpus = 8;
  EXPECT_DOUBLE_EQ(result.generator_share(), 0.2) << "two threads, ten seconds, four of them used";
  result.threads = 16;
  EXPECT_DOUBLE_EQ(result.generator_share(), 0.05);
}

TEST(LoadResult, FairnessNamesTheFastestAndTheSlowestInWhateverOrderTheyCome) {
  LoadResult result = example();
  result.reached = 4;
  result.stats.tallies = {{10, 30'000}, {10, 90'000}, {10, 10'000}, {10, 20'000}};
  EXPECT_EQ(result.fairness().fastest_mean, std::chrono::nanoseconds(1000));
  EXPECT_EQ(result.fairness().slowest_mean, std::chrono::nanoseconds(9000));
  EXPECT_DOUBLE_EQ(result.fairness().jain, 1);
  EXPECT_EQ(result.fairness().starved, 0u);
}

TEST(JsonReport, SaysHowToRepeatTheRun) {
  LoadResult result = example();
  result.options.message.seed = 9;
  result.options.max_errors = 5;
  result.options.message.upper = true;
  result.started = std::chrono::system_clock::time_point(milliseconds(1'700'000'000'123));
  const boost::json::object report = json_report(result);
  const boost::json::object& options = report.at("options").as_object();
  std::vector<std::string> keys;
  for (const auto& entry : options) keys.emplace_back(entry.key());
  EXPECT_THAT(keys, testing::UnorderedElementsAre("connections", "duration_s", "requests", "warmup_s", "timeout_s",
                                                  "connect_rate", "length", "message", "expect", "seed", "max_errors"));
  EXPECT_EQ(options.at("seed"), 9);
  EXPECT_EQ(options.at("max_errors"), 5);
  EXPECT_EQ(options.at("expect"), "upper");
  EXPECT_EQ(options.at("duration_s").to_number<double>(), 10);
  EXPECT_TRUE(options.at("requests").is_null());
  EXPECT_EQ(report.at("started"), "2023-11-14T22:13:20.123Z");
}

TEST(JsonReport, PercentilesAreThoseOfTheHistogram) {
  const Histogram histogram = example().stats.response;
  const boost::json::object json = histogram_to_json(histogram);
  for (const auto& [key, percent] :
       {std::pair{"50", 50.0}, {"75", 75.0}, {"90", 90.0}, {"99", 99.0}, {"99.9", 99.9}, {"99.99", 99.99}}) {
    EXPECT_EQ(json.at("percentiles_ns").at(key), histogram.percentile(percent).count()) << key;
  }
  EXPECT_EQ(json.at("sum_ns"), histogram.sum().count());
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
