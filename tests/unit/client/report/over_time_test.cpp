#include "client/report/over_time.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <sstream>

#include "common/printable.hpp"
#include "tests/unit/client/report/example_result.hpp"

namespace weir::load {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// Intervals of a second, each with a thousand replies or so and a p99 of a millisecond, but for what `change` does.
LoadResult run_of(int seconds, const std::function<void(int second, Interval&)>& change) {
  LoadResult result = example();
  result.intervals.clear();
  for (int second = 1; second <= seconds; ++second) {
    Interval interval{static_cast<double>(second), 1, 1000, 0, 500us, 1ms, {}};
    interval.done += static_cast<std::uint64_t>(second % 7) * 10;  // what chance does
    interval.p99 += std::chrono::microseconds(second % 5 * 100);
    change(second, interval);
    result.intervals.push_back(interval);
  }
  return result;
}

std::size_t columns(const std::string& line) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < line.size(); at += std::max<std::size_t>(1, utf8_length(line.substr(at)))) ++count;
  return count;
}

const auto kNothing = [](int, Interval&) {};
const auto kStall = [](int second, Interval& interval) {
  if (second == 12) interval.done = 0;
  if (second == 12) interval.p50 = interval.p99 = 0ns;
  if (second == 13) interval.p99 = 1200ms;
};

TEST(OverTime, SteadyRunHasNoLines) {
  EXPECT_THAT(over_time(run_of(30, kNothing)), IsEmpty());
  EXPECT_THAT(over_time(LoadResult()), IsEmpty());
}

TEST(OverTime, StallIsSeenInBothLines) {
  EXPECT_EQ(over_time(run_of(20, kStall)),
            "\nOver time, in steps of 1 s\n"
            "  rate  ███████████▁████████  0.00 to 1,060/s, lowest at 12 s\n"
            "  p99   ▁▁▁▁▁▁▁▁▁▁▁ █▁▁▁▁▁▁▁  1.00 ms to 1.20 s, highest at 13 s\n");
}

TEST(OverTime, FourIntervalsAreEnoughToSayWhatIsUsual) {
  const auto stall = [](int second, Interval& interval) {
    if (second == 2) interval.done = 0;
    if (second == 2) interval.p50 = interval.p99 = 0ns;
    if (second == 3) interval.p99 = 1200ms;
  };
  EXPECT_EQ(over_time(run_of(4, stall)),
            "\nOver time, in steps of 1 s\n"
            "  rate  █▁██  0.00 to 1,040/s, lowest at 2 s\n"
            "  p99   ▁ █▁  1.10 ms to 1.20 s, highest at 3 s\n");
  EXPECT_THAT(over_time(run_of(4, kNothing)), IsEmpty());
  EXPECT_THAT(over_time(run_of(3, stall)), IsEmpty()) << "too short to say what is usual";
}

TEST(OverTime, DipJumpAndDriftAreNotable) {
  const auto dip = [](int second, Interval& interval) { interval.done = second == 9 ? 500 : interval.done; };
  EXPECT_THAT(over_time(run_of(20, dip)), HasSubstr("500 to 1,060/s, lowest at 9 s"));
  const auto jump = [](int second, Interval& interval) { interval.p99 = second == 9 ? 20ms : interval.p99; };
  EXPECT_THAT(over_time(run_of(20, jump)), HasSubstr("to 20.0 ms, highest at 9 s"));
  const auto drift = [](int second, Interval& interval) { interval.p99 += std::chrono::microseconds(150 * second); };
  EXPECT_THAT(over_time(run_of(20, drift)), HasSubstr("highest at 19 s"));
}

TEST(OverTime, WhatChanceDoesToFewRepliesIsNot) {
  const auto few = [](int second, Interval& interval) {
    interval.done = static_cast<std::uint64_t>(4 + second % 6);
    interval.p99 = std::chrono::milliseconds(1 + second % 9 * 5);
  };
  EXPECT_THAT(over_time(run_of(30, few)), IsEmpty());
}

TEST(OverTime, WarmupAndAShortLastIntervalDoNotCount) {
  LoadResult result =
      run_of(20, [](int second, Interval& interval) { interval.done = second <= 3 ? 10 : interval.done; });
  EXPECT_THAT(over_time(result), Not(IsEmpty()));
  result.options.warmup = 3s;
  EXPECT_THAT(over_time(result), IsEmpty());
  result.intervals.push_back({20.01, 0.01, 1, 0, 500us, 1ms, {}});
  EXPECT_THAT(over_time(result), IsEmpty());
}

TEST(OverTime, AnHourWithOneStallShowsItInEightyColumns) {
  const std::string text = over_time(run_of(3600, [](int second, Interval& interval) {
    interval.done *= 123'456;
    if (second == 1800) interval.done = 0;
    if (second == 1800) interval.p99 = 3599s;
  }));
  EXPECT_THAT(text, HasSubstr("of each 120 s the lowest rate and the highest p99"));
  EXPECT_THAT(text, HasSubstr("██████████████▁███████████████"));
  EXPECT_THAT(text, HasSubstr("▁▁▁▁▁▁▁▁▁▁▁▁▁▁█▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁"));
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(columns(line), 80u) << line;
}

}  // namespace
}  // namespace weir::load
