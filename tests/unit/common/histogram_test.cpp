#include "common/histogram.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>

namespace weir {
namespace {

using std::chrono::nanoseconds;

nanoseconds exact_percentile(const std::vector<std::int64_t>& sorted, double percent) {
  const double rank = std::ceil(percent / 100 * static_cast<double>(sorted.size()) - 1e-6);
  const auto index = static_cast<std::size_t>(std::clamp(rank, 1.0, static_cast<double>(sorted.size()))) - 1;
  return nanoseconds(sorted[index]);
}

/// Every percentile of a distribution must be the exact one or at most a 1000th above it.
void expect_three_digits(const std::function<double(std::mt19937_64&)>& draw) {
  std::mt19937_64 random(42);
  Histogram histogram;
  std::vector<std::int64_t> values;
  for (int i = 0; i < 100'000; ++i) {
    values.push_back(std::clamp<std::int64_t>(static_cast<std::int64_t>(draw(random)), 0, Histogram::kHighest.count()));
    histogram.record(nanoseconds(values.back()));
  }
  std::sort(values.begin(), values.end());
  for (const double percent : {0.0, 1.0, 10.0, 50.0, 75.0, 90.0, 99.0, 99.9, 99.99, 99.999, 100.0}) {
    const auto exact = static_cast<double>(exact_percentile(values, percent).count());
    const auto found = static_cast<double>(histogram.percentile(percent).count());
    EXPECT_GE(found, exact) << percent;
    EXPECT_LE(found, exact * 1.001) << percent;
  }
  EXPECT_EQ(histogram.count(), values.size());
  EXPECT_EQ(histogram.min().count(), values.front());
  EXPECT_EQ(histogram.max().count(), values.back());
}

TEST(Histogram, PercentilesHaveThreeDigitsForAUniformDistribution) {
  expect_three_digits([](auto& random) { return std::uniform_real_distribution<>(1e3, 5e6)(random); });
}

TEST(Histogram, PercentilesHaveThreeDigitsForAnExponentialDistribution) {
  expect_three_digits([](auto& random) { return std::exponential_distribution<>(1 / 80e3)(random); });
}

TEST(Histogram, PercentilesHaveThreeDigitsForALongTail) {
  expect_three_digits([](auto& random) { return std::lognormal_distribution<>(11, 3)(random); });
}

TEST(Histogram, PercentilesHaveThreeDigitsForTwoPeaks) {
  expect_three_digits(
      [](auto& random) { return random() % 100 == 0 ? 2e9 + static_cast<double>(random() % 1000) : 2e4; });
}

TEST(Histogram, EmptyOneAnswersZero) {
  const Histogram histogram;
  EXPECT_EQ(histogram.percentile(99), nanoseconds(0));
  EXPECT_EQ(histogram.min(), nanoseconds(0));
  EXPECT_EQ(histogram.max(), nanoseconds(0));
  EXPECT_EQ(histogram.mean(), nanoseconds(0));
  EXPECT_TRUE(histogram.buckets().empty());
}

TEST(Histogram, RecordsItsEdgesAndCountsWhatLiesBeyond) {
  Histogram histogram;
  histogram.record(nanoseconds(0));
  histogram.record(nanoseconds(-5));
  histogram.record(Histogram::kHighest);
  EXPECT_EQ(histogram.above_range(), 0u);
  histogram.record(Histogram::kHighest + nanoseconds(1));
  histogram.record(std::chrono::hours(30));
  EXPECT_EQ(histogram.above_range(), 2u);
  EXPECT_EQ(histogram.count(), 5u);
  EXPECT_EQ(histogram.percentile(40), nanoseconds(0));
  EXPECT_GE(histogram.percentile(60), Histogram::kHighest);
  EXPECT_EQ(histogram.percentile(100), std::chrono::hours(30));
}

TEST(Histogram, BucketIsNeverWiderThanAThousandth) {
  for (std::int64_t ns = 1; ns < Histogram::kHighest.count(); ns += ns / 3 + 1) {
    const nanoseconds highest = Histogram::highest_equivalent(nanoseconds(ns));
    ASSERT_GE(highest.count(), ns);
    ASSERT_LE(static_cast<double>(highest.count()), static_cast<double>(ns) * 1.001) << ns;
  }
}

TEST(Histogram, MergedOnesAnswerLikeOneThatSawAll) {
  std::mt19937_64 random(7);
  Histogram all;
  Histogram first;
  Histogram second;
  for (int i = 0; i < 10'000; ++i) {
    const nanoseconds value(static_cast<std::int64_t>(random() % 50'000'000));
    all.record(value);
    (i % 3 == 0 ? first : second).record(value);
  }
  first.merge(second);
  first.merge(Histogram());
  EXPECT_EQ(first.buckets(), all.buckets());
  EXPECT_EQ(first.mean(), all.mean());
  EXPECT_EQ(first.min(), all.min());
  EXPECT_EQ(first.max(), all.max());
}

TEST(Histogram, MinimumAndMaximumMayComeFromEither) {
  Histogram low;
  Histogram high;
  low.record(nanoseconds(10));
  high.record(nanoseconds(5'000'000));
  Histogram low_first = low;
  low_first.merge(high);
  Histogram high_first = high;
  high_first.merge(low);
  for (const Histogram& both : {low_first, high_first}) {
    EXPECT_EQ(both.min(), nanoseconds(10));
    EXPECT_EQ(both.max(), nanoseconds(5'000'000));
    EXPECT_EQ(both.count(), 2u);
  }
}

TEST(Histogram, PercentileIsNeverLongerThanWhatWasRecorded) {
  Histogram histogram;
  histogram.record(nanoseconds(1'000'000'001));
  for (const double percent : {0.0, 50.0, 100.0}) EXPECT_EQ(histogram.percentile(percent), nanoseconds(1'000'000'001));
}

TEST(Histogram, ClearedOneIsAsNew) {
  Histogram histogram;
  for (const std::int64_t ns : {1L, 2047L, 2048L, 1'000'000L}) histogram.record(nanoseconds(ns));
  histogram.record(std::chrono::hours(2));
  histogram.clear();
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.above_range(), 0u);
  histogram.record(nanoseconds(5'000'000));
  EXPECT_EQ(histogram.buckets().size(), 1u);
  EXPECT_EQ(histogram.min(), nanoseconds(5'000'000));
  EXPECT_EQ(histogram.max(), nanoseconds(5'000'000));
  EXPECT_EQ(histogram.mean(), nanoseconds(5'000'000));
}

TEST(Histogram, CopyIsItsOwn) {
  Histogram one;
  one.record(nanoseconds(7));
  Histogram other = one;
  other.record(nanoseconds(9));
  EXPECT_EQ(one.count(), 1u);
  one = other;
  EXPECT_EQ(one.buckets(), other.buckets());
}

TEST(Histogram, ExportRestoresEverything) {
  Histogram histogram;
  for (const std::int64_t ns : {3L, 1000L, 1001L, 77'777'777L}) histogram.record(nanoseconds(ns));
  histogram.record(std::chrono::hours(2));
  Histogram copy;
  for (const Histogram::Bucket& bucket : histogram.buckets()) copy.add(bucket);
  copy.restore(histogram.above_range(), histogram.min(), histogram.max(), histogram.sum());
  EXPECT_EQ(copy.buckets(), histogram.buckets());
  EXPECT_EQ(copy.count(), histogram.count());
  EXPECT_EQ(copy.above_range(), 1u);
  EXPECT_EQ(copy.max(), histogram.max());
  EXPECT_EQ(copy.mean(), histogram.mean());
  EXPECT_EQ(copy.percentile(50), histogram.percentile(50));
}

TEST(Histogram, TakesTheMemoryThatItSays) { EXPECT_EQ(Histogram::kMemory, 270'336u); }

}  // namespace
}  // namespace weir
