#include "client/measure/worker_stats.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace weir::load {
namespace {

using std::chrono::microseconds;

/// What a thread found out, all of it different and larger for a larger `scale`.
WorkerStats found(std::uint64_t scale) {
  WorkerStats stats;
  stats.response.record(microseconds(1 * scale));
  stats.connect.record(microseconds(2 * scale));
  stats.cycle.record(microseconds(3 * scale));
  stats.failures.add(Failure::reset, 4 * scale);
  stats.tallies = {{5 * scale, 6 * scale}};
  stats.replies_in_window = 7 * scale;
  stats.bytes_in_window = 8 * scale;
  stats.cycles_in_window = 9 * scale;
  stats.unfinished = 10 * scale;
  stats.reopened = 11 * scale;
  return stats;
}

TEST(WorkerStats, MergedOnesHoldWhatBothFound) {
  WorkerStats both = found(1);
  both.merge(found(100));
  EXPECT_EQ(both.response.sum(), microseconds(101));
  EXPECT_EQ(both.connect.sum(), microseconds(202));
  EXPECT_EQ(both.cycle.sum(), microseconds(303));
  EXPECT_EQ(both.response.count(), 2u);
  EXPECT_EQ(both.failures[Failure::reset], 404u);
  ASSERT_EQ(both.tallies.size(), 2u);
  EXPECT_EQ(both.tallies[0].replies, 5u);
  EXPECT_EQ(both.tallies[1].sum_ns, 600u);
  EXPECT_EQ(both.replies_in_window, 707u);
  EXPECT_EQ(both.bytes_in_window, 808u);
  EXPECT_EQ(both.cycles_in_window, 909u);
  EXPECT_EQ(both.unfinished, 1010u);
  EXPECT_EQ(both.reopened, 1111u);
}

TEST(WorkerStats, KeepTheFirstExamplesOnly) {
  WorkerStats first;
  WorkerStats second;
  for (int i = 0; i < 3; ++i) {
    first.examples.push_back("first " + std::to_string(i));
    second.examples.push_back("second " + std::to_string(i));
  }
  first.merge(second);
  EXPECT_EQ(first.examples, (std::vector<std::string>{"first 0", "first 1", "first 2", "second 0", "second 1"}));
}

TEST(LiveCounters, AreBumpedUpAndDown) {
  LiveCounters live;
  LiveCounters::bump(live.open);
  LiveCounters::bump(live.open, 5);
  LiveCounters::bump(live.open, -2);
  EXPECT_EQ(live.open, 4u);
}

}  // namespace
}  // namespace weir::load
