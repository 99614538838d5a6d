#include "server/observe/distribution.hpp"

#include <gmock/gmock.h>

#include <cmath>

namespace weir {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Distribution, ABoundBelongsToItsBucket) {
  DistributionCounts<kWaitBounds> counts;
  counts.add(microseconds(100));
  counts.add(microseconds(101));
  Distribution all;
  counts.add_to(all);
  EXPECT_EQ(all.counts[0], 1U);
  EXPECT_EQ(all.counts[1], 1U);
  EXPECT_DOUBLE_EQ(all.sum, 0.000201);
}

TEST(Distribution, WhatIsBeyondAllBoundsIsCounted) {
  DistributionCounts<kWaitBounds> counts;
  counts.add(seconds(11));
  Distribution all;
  counts.add_to(all);
  EXPECT_EQ(all.counts.back(), 1U);
  EXPECT_EQ(all.counts.size(), kWaitBounds.size() + 1);
  EXPECT_TRUE(std::isinf(all.quantile(0.5)));
}

TEST(Distribution, AQuantileIsTheBoundOfItsBucket) {
  DistributionCounts<kWaitBounds> counts;
  for (int i = 0; i < 98; ++i) counts.add(microseconds(50));
  counts.add(milliseconds(40));
  counts.add(milliseconds(40));
  Distribution all;
  counts.add_to(all);
  EXPECT_DOUBLE_EQ(all.quantile(0), 0.0001);
  EXPECT_DOUBLE_EQ(all.quantile(0.98), 0.0001);
  EXPECT_DOUBLE_EQ(all.quantile(0.99), 0.05);
  EXPECT_DOUBLE_EQ(all.quantile(1), 0.05);
}

TEST(Distribution, HasNoQuantileOfNothing) { EXPECT_DOUBLE_EQ(Distribution().quantile(0.5), 0); }

TEST(Distribution, AddsUp) {
  DistributionCounts<kDurationBounds> one;
  one.add(seconds(1));
  one.add(microseconds(-1));  // a clock that was set back
  Distribution all;
  one.add_to(all);
  Distribution twice;
  twice.add(all);
  twice.add(all);
  EXPECT_EQ(twice.count(), 4U);
  EXPECT_DOUBLE_EQ(twice.sum, 2);
  EXPECT_EQ(twice.bounds.size(), kDurationBounds.size());
}

}  // namespace
}  // namespace weir
