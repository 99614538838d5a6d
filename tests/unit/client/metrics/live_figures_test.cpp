#include "client/metrics/live_figures.hpp"

#include <gmock/gmock.h>

#include <numeric>

#include "tests/unit/client/report/example_result.hpp"

namespace weir::load {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;

std::uint64_t count_of(const TimeCounts& times) {
  return std::accumulate(times.counts.begin(), times.counts.end(), std::uint64_t{0});
}

/// How many were at most that long.
std::uint64_t up_to(const TimeCounts& times, double bound) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kTimeBounds.size() && kTimeBounds[i] <= bound; ++i) sum += times.counts[i];
  return sum;
}

TEST(LiveFigures, TimesAreCountedUpToTheirBound) {
  Histogram times;
  times.record(microseconds(900));   // in the bucket up to 1 ms
  times.record(microseconds(1001));  // in the one up to 2.5 ms
  times.record(milliseconds(9'900));
  times.record(milliseconds(10'100));  // beyond all bounds
  times.record(hours(2));              // beyond the histogram
  TimeCounts counts;
  counts.add(times);
  EXPECT_EQ(up_to(counts, 0.0005), 0U);
  EXPECT_EQ(up_to(counts, 0.001), 1U);
  EXPECT_EQ(up_to(counts, 0.0025), 2U);
  EXPECT_EQ(up_to(counts, 10.0), 3U);
  EXPECT_EQ(count_of(counts), 5U);
  EXPECT_NEAR(counts.sum, 7'220.0019, 0.0001);
}

TEST(LiveFigures, AddWhatIsFoundFromTimeToTime) {
  const WorkerStats& stats = full_result(Workload::echo).stats;
  LiveFigures figures;
  figures.add(stats);
  figures.add(stats);
  EXPECT_EQ(figures[Count::done], 2 * stats[Count::done]);
  EXPECT_EQ(figures.failures[Failure::reset], 2 * stats.failures[Failure::reset]);
  for (std::size_t i = 0; i < kTimes; ++i) EXPECT_EQ(count_of(figures.times[i]), 2 * stats.times[i].count());
}

TEST(LiveFigures, OfProcessesAddUp) {
  LiveFigures one;
  one.reached = 3;
  one.open = 2;
  one.add(full_result(Workload::echo).stats);
  LiveFigures all;
  all.add(one);
  all.add(one);
  EXPECT_EQ(all.reached, 6U);
  EXPECT_EQ(all.open, 4U);
  EXPECT_EQ(all[Count::newcomers], 2 * one[Count::newcomers]);
  EXPECT_EQ(all.failures.total(), 2 * one.failures.total());
  EXPECT_EQ(count_of(all[Time::lag]), 2 * count_of(one[Time::lag]));
  EXPECT_DOUBLE_EQ(all[Time::lag].sum, 2 * one[Time::lag].sum);
}

TEST(LiveFigures, ReachAnotherProcessWhole) {
  LiveFigures figures;
  figures.reached = 11;
  figures.open = 12;
  figures.add(full_result(Workload::connect).stats);
  const LiveFigures read = figures_from_json(figures_to_json(figures));
  EXPECT_EQ(read.reached, 11U);
  EXPECT_EQ(read.open, 12U);
  EXPECT_EQ(read.counts, figures.counts);
  for (std::size_t kind = 0; kind < kFailureKinds; ++kind) {
    EXPECT_EQ(read.failures[static_cast<Failure>(kind)], figures.failures[static_cast<Failure>(kind)]);
  }
  for (std::size_t i = 0; i < kTimes; ++i) {
    EXPECT_EQ(read.times[i].counts, figures.times[i].counts);
    EXPECT_EQ(read.times[i].sum, figures.times[i].sum);
  }
}

}  // namespace
}  // namespace weir::load
