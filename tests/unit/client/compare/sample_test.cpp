#include "client/compare/sample.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/client/report/example_result.hpp"

namespace weir::load {
namespace {

using namespace std::chrono_literals;
using Buckets = std::vector<Histogram::Bucket>;

Interval interval(double at, double length, std::uint64_t done, Buckets buckets) {
  return {at, length, done, 0, 1ns, 1ns, std::move(buckets)};
}

LoadResult result_of(std::vector<Interval> intervals) {
  LoadResult result = example();
  result.stats[Time::response].clear();
  for (const Interval& one : intervals) {
    for (const Histogram::Bucket& bucket : one.buckets) {
      for (std::uint64_t i = 0; i < bucket.count; ++i) result.stats[Time::response].record(bucket.lowest);
    }
  }
  result.intervals = std::move(intervals);
  return result;
}

TEST(Sample, BucketsOfBothAreAddedUp) {
  EXPECT_EQ(merge_buckets(Buckets{{10ns, 1}, {30ns, 2}}, Buckets{{20ns, 3}, {30ns, 4}, {40ns, 5}}),
            (Buckets{{10ns, 1}, {20ns, 3}, {30ns, 6}, {40ns, 5}}));
  EXPECT_EQ(merge_buckets(Buckets{}, Buckets{{1ns, 1}}), (Buckets{{1ns, 1}}));
}

TEST(Sample, EachIntervalIsABlock) {
  const Blocks run = blocks_of(result_of({interval(1, 1, 10, {{10ns, 10}}), interval(2, 1, 20, {{20ns, 20}})}));
  ASSERT_EQ(run.size(), 2u);
  EXPECT_DOUBLE_EQ(run[1].seconds, 1);
  EXPECT_DOUBLE_EQ(run[1].done, 20);
  EXPECT_EQ(run[1].times[0], (Buckets{{20ns, 20}}));
}

TEST(Sample, WarmupIsLeftOutAndTheIntervalInWhichItEndsIsCut) {
  LoadResult result =
      result_of({interval(1, 1, 100, {}), interval(2, 1, 100, {{10ns, 60}}), interval(3, 1, 100, {{10ns, 100}})});
  result.options.warmup = 1400ms;
  const Blocks run = blocks_of(result);
  ASSERT_EQ(run.size(), 2u);
  EXPECT_NEAR(run[0].seconds, 0.6, 1e-9);
  EXPECT_NEAR(run[0].done, 60, 1e-6);
  EXPECT_EQ(run[0].times[0], (Buckets{{10ns, 60}}));
}

TEST(Sample, WhatCameInTheDrainBelongsToTheLastBlock) {
  LoadResult result = result_of({interval(1, 1, 1, {{10ns, 1}}), interval(2, 1, 1, {{10ns, 1}})});
  result.stats[Time::response].record(500ns);
  const Blocks run = blocks_of(result);
  EXPECT_EQ(run.back().times[0], (Buckets{{10ns, 1}, {500ns, 1}}));
  EXPECT_EQ(run.front().times[0], (Buckets{{10ns, 1}}));
}

TEST(Sample, ShortLastIntervalJoinsTheOneBefore) {
  const Blocks run = blocks_of(result_of(
      {interval(1, 1, 10, {{10ns, 10}}), interval(2, 1, 10, {{10ns, 10}}), interval(2.3, 0.3, 3, {{20ns, 3}})}));
  ASSERT_EQ(run.size(), 2u);
  EXPECT_NEAR(run[1].seconds, 1.3, 1e-9);
  EXPECT_EQ(run[1].times[0], (Buckets{{10ns, 10}, {20ns, 3}}));
}

TEST(Sample, LongRunsHaveFewerBlocksAndLoseNothing) {
  std::vector<Interval> intervals;
  for (int i = 1; i <= 1001; ++i) intervals.push_back(interval(i, 1, 2, {{10ns, 2}}));
  const Blocks run = blocks_of(result_of(intervals));
  EXPECT_LE(run.size(), kMostBlocks);
  EXPECT_GT(run.size(), kMostBlocks / 2);
  double done = 0;
  double seconds = 0;
  for (const Block& block : run) {
    done += block.done;
    seconds += block.seconds;
  }
  EXPECT_DOUBLE_EQ(done, 2002);
  EXPECT_DOUBLE_EQ(seconds, 1001);
}

TEST(Sample, RunWithoutIntervalsHasNoBlock) { EXPECT_TRUE(blocks_of(result_of({})).empty()); }

}  // namespace
}  // namespace weir::load
