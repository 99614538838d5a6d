#include "client/metrics/live_metrics.hpp"

#include <gmock/gmock.h>

#include <cstdlib>

#include "common/version.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/client/report/example_result.hpp"

namespace weir::load {
namespace {

using test::lines_of;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

LiveFigures figures_of(const LoadResult& result) {
  LiveFigures figures;
  figures.reached = 9;
  figures.open = 7;
  figures.add(result.stats);
  return figures;
}

std::string text_of(const LoadResult& result) {
  return metrics_text(result.options, LoadPhase::measuring, figures_of(result));
}

TEST(LiveMetrics, SayWhatMakesTheLoadAndHowFarItIs) {
  const auto lines = lines_of(text_of(example()));
  EXPECT_THAT(lines, Contains(std::string("weir_load_info{version=\"") + kVersion +
                              "\",target=\"localhost:7000\",workload=\"echo\"} 1"));
  EXPECT_THAT(lines, Contains("weir_load_phase{phase=\"measuring\"} 1"));
  EXPECT_THAT(lines, Contains("weir_load_phase{phase=\"warmup\"} 0"));
  EXPECT_THAT(lines, Contains("weir_load_connections_asked 4"));
  EXPECT_THAT(lines, Contains("weir_load_connections_reached 9"));
  EXPECT_THAT(lines, Contains("weir_load_connections_open 7"));
}

TEST(LiveMetrics, CountRequestsAndErrorsByKindZeroIncluded) {
  const auto lines = lines_of(text_of(example()));
  EXPECT_THAT(lines, Contains("weir_load_requests_total 1000"));
  EXPECT_THAT(lines, Contains("weir_load_errors_total{kind=\"refused\"} 1"));
  EXPECT_THAT(lines, Contains("weir_load_errors_total{kind=\"corrupt\"} 0"));
  EXPECT_THAT(lines, Not(Contains(HasSubstr("kind=\"none\""))));
}

TEST(LiveMetrics, HaveTheTimesAsACumulativeHistogram) {
  const auto lines = lines_of(text_of(example()));  // 1 to 1000 us
  // What is as long as a bound may be a 1000th longer, for all that the run's own histogram knows.
  EXPECT_THAT(lines, Contains("weir_load_response_seconds_bucket{le=\"0.0001\"} 99"));
  EXPECT_THAT(lines, Contains("weir_load_response_seconds_bucket{le=\"0.0005\"} 499"));
  EXPECT_THAT(lines, Contains("weir_load_response_seconds_bucket{le=\"+Inf\"} 1000"));
  EXPECT_THAT(lines, Contains("weir_load_response_seconds_count 1000"));
  EXPECT_THAT(lines, Contains(StartsWith("weir_load_response_seconds_sum 0.500")));
}

TEST(LiveMetrics, HaveTheTimesThatTheLoadHasAndNoOthers) {
  const std::string closed = text_of(example());
  EXPECT_THAT(closed, HasSubstr("weir_load_connect_seconds_count 1\n"));
  for (const char* other : {"service", "lag", "first_byte", "close", "cycle", "newcomer", "handshake", "resumed"}) {
    EXPECT_THAT(closed, Not(HasSubstr("weir_load_" + std::string(other) + "_seconds")));
  }
  const std::string open = text_of(open_loop_example());
  EXPECT_THAT(open, HasSubstr("weir_load_service_seconds_count 1000\n"));
  EXPECT_THAT(open, HasSubstr("weir_load_lag_seconds_count 1000\n"));
  EXPECT_THAT(open, HasSubstr("weir_load_planned_requests_per_second 100\n"));
  const std::string connect = text_of(connect_example());
  for (const char* time : {"response", "connect", "first_byte", "close", "cycle"}) {
    EXPECT_THAT(connect, HasSubstr("# TYPE weir_load_" + std::string(time) + "_seconds histogram\n"));
  }
  EXPECT_THAT(text_of(full_result(Workload::echo)), HasSubstr("# TYPE weir_load_newcomer_seconds histogram\n"));
  for (const char* time : {"handshake", "resumed"}) {
    EXPECT_THAT(text_of(full_result(Workload::echo)),
                HasSubstr("# TYPE weir_load_" + std::string(time) + "_seconds histogram\n"));
  }
}

TEST(LiveMetrics, AreWhatWasPutInLast) {
  const LoadOptions options = example().options;
  LiveMetrics metrics(options);
  EXPECT_THAT(metrics.text(), HasSubstr("weir_load_phase{phase=\"connecting\"} 1\n"));
  metrics.connected(3);
  EXPECT_THAT(metrics.text(), HasSubstr("weir_load_connections_reached 3\n"));
  EXPECT_THAT(metrics.text(), HasSubstr("weir_load_connections_open 3\n"));
  metrics.enter(LoadPhase::warmup);
  metrics.add(example().stats, 2);
  metrics.add(example().stats, 2);
  EXPECT_THAT(metrics.text(), HasSubstr("weir_load_phase{phase=\"warmup\"} 1\n"));
  EXPECT_THAT(metrics.text(), HasSubstr("weir_load_connections_open 2\n"));
  EXPECT_THAT(metrics.text(), HasSubstr("weir_load_requests_total 2000\n"));
  metrics.set(figures_of(example()));
  EXPECT_THAT(metrics.text(), HasSubstr("weir_load_requests_total 1000\n"));
}

TEST(LiveMetrics, SatisfyPromtool) {
  if (std::system("command -v promtool >/dev/null") != 0) GTEST_SKIP() << "promtool is not installed";
  const test::TempDir folder;
  for (const Workload workload : {Workload::echo, Workload::connect}) {
    const std::string file = folder.write("metrics", text_of(full_result(workload)));
    const test::Finished check = test::run("/bin/sh", {"-c", "promtool check metrics <" + file});
    EXPECT_EQ(check.exit, 0);
    EXPECT_EQ(check.out + check.err, "");
  }
}

}  // namespace
}  // namespace weir::load
