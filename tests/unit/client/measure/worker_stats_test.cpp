#include "client/measure/worker_stats.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <string>

namespace weir::load {
namespace {

using std::chrono::microseconds;

Time time_at(std::size_t i) { return static_cast<Time>(i); }
Count count_at(std::size_t i) { return static_cast<Count>(i); }

/// What a thread found out, all of it different and larger for a larger `scale`.
WorkerStats found(std::uint64_t scale) {
  WorkerStats stats;
  for (std::size_t i = 0; i < kTimes; ++i) stats[time_at(i)].record(microseconds((i + 1) * scale));
  for (std::size_t i = 0; i < kCounts; ++i) stats[count_at(i)] = (i + 21) * scale;
  stats.failures.add(Failure::reset, 4 * scale);
  return stats;
}

TEST(WorkerStats, MergedOnesHoldWhatBothFound) {
  WorkerStats both = found(1);
  both.merge(found(100));
  for (std::size_t i = 0; i < kTimes; ++i) {
    EXPECT_EQ(both[time_at(i)].count(), 2u) << time_key(time_at(i));
    EXPECT_EQ(both[time_at(i)].sum(), microseconds(101 * (i + 1))) << time_key(time_at(i));
  }
  for (std::size_t i = 0; i < kCounts; ++i) EXPECT_EQ(both[count_at(i)], 101 * (i + 21)) << count_key(count_at(i));
  EXPECT_EQ(both.failures[Failure::reset], 404u);
}

TEST(WorkerStats, KeepTheFirstExamplesAndWrongRepliesOnly) {
  WorkerStats first;
  WorkerStats second;
  for (int i = 0; i < 3; ++i) {
    first.examples.push_back("first " + std::to_string(i));
    second.examples.push_back("second " + std::to_string(i));
  }
  for (std::uint64_t i = 0; i < 6; ++i) {
    first.wrong.push_back({Failure::lost, 1, i, 0, "", "", "", 0});
    second.wrong.push_back({Failure::corrupt, 2, i, 0, "", "", "", 0});
  }
  first.merge(second);
  EXPECT_EQ(first.examples, (std::vector<std::string>{"first 0", "first 1", "first 2", "second 0", "second 1"}));
  ASSERT_EQ(first.wrong.size(), WorkerStats::kWrong);
  EXPECT_EQ(first.wrong[5].connection, 1u);
  EXPECT_EQ(first.wrong[6].connection, 2u);
  EXPECT_EQ(first.wrong[9].sequence, 3u);
}

TEST(WorkerStats, ClearedOnesHaveFoundNothing) {
  WorkerStats stats = found(3);
  stats.examples.emplace_back("one");
  stats.wrong.emplace_back();
  stats.clear();
  for (std::size_t i = 0; i < kTimes; ++i) EXPECT_EQ(stats[time_at(i)].count(), 0u);
  for (std::size_t i = 0; i < kCounts; ++i) EXPECT_EQ(stats[count_at(i)], 0u);
  EXPECT_EQ(stats.failures.total(), 0u);
  EXPECT_TRUE(stats.examples.empty());
  EXPECT_TRUE(stats.wrong.empty());
}

TEST(Counts, HaveNamesOfTheirOwn) {
  std::set<std::string_view> keys;
  for (std::size_t i = 0; i < kCounts; ++i) keys.insert(count_key(count_at(i)));
  EXPECT_EQ(keys.size(), kCounts);
  EXPECT_FALSE(keys.contains(""));
  EXPECT_EQ(count_key(Count::done), "done");
  EXPECT_EQ(count_key(Count::held), "held");
  EXPECT_EQ(count_key(Count::unsent), "unsent");
  EXPECT_EQ(count_key(Count::newcomers), "newcomers");
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
