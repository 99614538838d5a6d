#include "client/experiment/capacity.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/experiment/capacity_report.hpp"
#include "tests/unit/client/report/example_result.hpp"

namespace weir::load {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// Ten intervals of a second whose medians are these, in milliseconds.
LoadResult with_medians(const std::vector<int>& medians) {
  LoadResult result = open_loop_example();
  result.intervals.clear();
  double at = 0;
  for (const int median : medians) {
    result.intervals.push_back({++at, 1, 10, 0, std::chrono::milliseconds(median), 1s, {{1ns, 1}}});
  }
  return result;
}

TEST(QueueGrowth, IsTheWaitingThatEachSecondAdds) {
  EXPECT_NEAR(queue_growth(with_medians({10, 20, 30, 40, 50, 60, 70, 80, 90, 100})), 0.010, 1e-6);
  EXPECT_DOUBLE_EQ(queue_growth(with_medians({10, 10, 10, 10, 10, 10, 10, 10, 10, 10})), 0);
  EXPECT_DOUBLE_EQ(queue_growth(with_medians({90, 80, 70, 60, 50, 40, 30, 20, 10, 1})), 0) << "it shrinks";
}

TEST(QueueGrowth, OneSlowIntervalIsNoTrend) {
  EXPECT_DOUBLE_EQ(queue_growth(with_medians({10, 10, 10, 10, 10, 10, 10, 10, 900, 10})), 0);
}

TEST(QueueGrowth, ScatterIsNoTrend) {
  EXPECT_DOUBLE_EQ(queue_growth(with_medians({10, 400, 20, 300, 10, 20, 300, 500, 90, 700})), 0);
}

TEST(QueueGrowth, OfTooLittleOrTheWarmupIsNothing) {
  EXPECT_DOUBLE_EQ(queue_growth(with_medians({10, 20, 30, 40, 50})), 0);
  LoadResult result = with_medians({500, 500, 500, 10, 10, 10, 10, 10, 10, 10});
  result.options.warmup = 3s;
  EXPECT_DOUBLE_EQ(queue_growth(result), 0);
}

Capacity found() {
  Capacity capacity;
  capacity.options.plan = open_loop_example().options;
  capacity.options.plan.slo = parse_slo("p99=5ms,errors=0");
  capacity.version = "1.2.3";
  capacity.endpoint = "127.0.0.1:7000";
  capacity.closed_loop_rate = 200;
  capacity.met = 100;
  capacity.failed = 102;
  capacity.gave_way = "server";
  capacity.reason = "at 102 a second, p99 is 7 ms, more than 5 ms";
  CapacityStep met{100, open_loop_example(), true, {}};
  CapacityStep failed{102, open_loop_example(), false, {"p99 is 7 ms, more than 5 ms"}};
  capacity.steps = {failed, failed, met};
  return capacity;
}

TEST(CapacityReport, TextHasTheAnswerAndEachRateOnce) {
  const std::string text = capacity_text(found());
  EXPECT_THAT(text, HasSubstr("100 requests a second meet it, and 102 do not."));
  EXPECT_THAT(text, HasSubstr("Gave way     server: at 102 a second"));
  EXPECT_THAT(text, HasSubstr("SLO          p99=5ms,errors=0"));
  std::size_t rows = 0;
  for (std::size_t at = text.find("NOT MET"); at != std::string::npos; at = text.find("NOT MET", at + 1)) ++rows;
  EXPECT_EQ(rows, 1u) << text;
}

TEST(CapacityReport, JsonHasEveryTry) {
  const boost::json::object report = capacity_json(found());
  EXPECT_EQ(report.at("kind"), "capacity");
  EXPECT_EQ(report.at("capacity"), 100.0);
  EXPECT_EQ(report.at("fails_at"), 102.0);
  EXPECT_EQ(report.at("steps").as_array().size(), 3u);
  EXPECT_EQ(report.at("steps").at(0).at("met"), false);
  EXPECT_EQ(report.at("steps").at(0).at("broken").at(0), "p99 is 7 ms, more than 5 ms");
  EXPECT_EQ(report.at("slo").at(1), "errors=0");
  EXPECT_EQ(report.at("exit_status"), 0);
}

TEST(CapacityReport, ExitStatusSaysWhetherOneWasFound) {
  Capacity capacity = found();
  EXPECT_EQ(capacity.exit_status(), 0);
  capacity.met.reset();
  EXPECT_EQ(capacity.exit_status(), 3);
  EXPECT_THAT(capacity_text(capacity), HasSubstr("No rate that was tried meets it."));
  capacity.interrupted = true;
  EXPECT_EQ(capacity.exit_status(), 1);
  capacity.lost = "connection refused";
  capacity.met = 100;
  EXPECT_EQ(capacity.exit_status(), 1) << "what was met before the target went away may be too little";
  capacity.wrong_replies = 1;
  EXPECT_EQ(capacity.exit_status(), 4);
}

}  // namespace
}  // namespace weir::load
