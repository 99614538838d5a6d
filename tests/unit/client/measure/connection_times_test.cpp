#include "client/measure/connection_times.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "common/histogram.hpp"

namespace weir::load {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

/// What remains of one time.
nanoseconds remembered(nanoseconds time) {
  ConnectionTimes times;
  times.record(time);
  return times.percentile(99);
}

TEST(ConnectionTimes, OfNothingIsZero) {
  EXPECT_EQ(ConnectionTimes().count(), 0u);
  EXPECT_EQ(ConnectionTimes().percentile(99), nanoseconds(0));
}

TEST(ConnectionTimes, EveryTimeIsRememberedToASixteenth) {
  for (double ns = 2048; ns < 4.3e12; ns *= 1.01) {
    const auto remains = static_cast<double>(remembered(nanoseconds(std::llround(ns))).count());
    ASSERT_NEAR(remains, ns, ns / 16 + 1) << ns;
  }
  for (int ns = 0; ns < 2048; ++ns) {
    ASSERT_NEAR(static_cast<double>(remembered(nanoseconds(ns)).count()), ns, 128) << ns;
  }
}

TEST(ConnectionTimes, LongOnesCountAsTheLongestAndNegativeOnesAsNone) {
  EXPECT_EQ(remembered(hours(2)), remembered(hours(1'000)));
  EXPECT_GT(remembered(hours(2)), hours(1));
  EXPECT_EQ(remembered(nanoseconds(-5)), remembered(nanoseconds(0)));
}

TEST(ConnectionTimes, PercentileIsThatOfTheRank) {
  ConnectionTimes times;
  for (int i = 0; i < 99; ++i) times.record(microseconds(100));
  EXPECT_NEAR(static_cast<double>(times.percentile(99).count()), 100e3, 100e3 / 16);
  times.record(milliseconds(50));
  EXPECT_EQ(times.count(), 100u);
  EXPECT_LT(times.percentile(99), milliseconds(1)) << "99 of 100 are no slower";
  times.record(milliseconds(50));
  EXPECT_GT(times.percentile(99), milliseconds(40));
  EXPECT_LT(times.percentile(0), milliseconds(1));
  EXPECT_GT(times.percentile(100), milliseconds(40));
}

TEST(ConnectionTimes, AgreeWithAHistogramOnSkewedTimes) {
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> skewed(std::log(200'000.0), 1.2);
  ConnectionTimes times;
  Histogram exact;
  for (int i = 0; i < 20'000; ++i) {
    const nanoseconds time(static_cast<std::int64_t>(skewed(random)));
    times.record(time);
    exact.record(time);
  }
  for (const double percent : {1.0, 50.0, 90.0, 99.0, 99.9}) {
    const auto right = static_cast<double>(exact.percentile(percent).count());
    EXPECT_NEAR(static_cast<double>(times.percentile(percent).count()), right, right * 0.065) << percent;
  }
}

TEST(ConnectionTimes, AreThoseOfAsManyConnectionsAsFit) {
  constexpr std::uint32_t kMost = ConnectionTimes::kMostConnections;
  for (const std::uint32_t few : {0U, 1U, 64U, kMost}) EXPECT_EQ(ConnectionTimes::sampled_every(few), 1u) << few;
  EXPECT_EQ(ConnectionTimes::sampled_every(kMost + 1), 2u);
  EXPECT_EQ(ConnectionTimes::sampled_every(2 * kMost), 2u);
  EXPECT_EQ(ConnectionTimes::sampled_every(2 * kMost + 1), 3u);
  EXPECT_EQ(ConnectionTimes::sampled_every(~std::uint32_t{0}), (std::uint64_t{1} << 32) / kMost);
  EXPECT_EQ(sizeof(ConnectionTimes), 1024u);
}

}  // namespace
}  // namespace weir::load
