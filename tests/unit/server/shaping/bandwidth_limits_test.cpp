#include "server/shaping/bandwidth_limits.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace weir {
namespace {

using std::chrono::seconds;

const IpAddress kOne = IpAddress::v4(0x0a000001);
const IpAddress kOther = IpAddress::v4(0x0a000002);

/// Of a connection that looks for the first time.
BandwidthLimits::Rates rates_of(BandwidthLimits& limits, const std::optional<IpAddress>& address,
                                ByteBucket::Time now) {
  std::shared_ptr<ByteBuckets> own;
  return limits.rates_of(address, own, now);
}

TEST(BandwidthLimits, WithoutAnyThereIsNothingToKeepTo) {
  BandwidthLimits limits(BandwidthConfig{});
  EXPECT_FALSE(limits.is_limited());
  EXPECT_TRUE(rates_of(limits, kOne, io::Clock::now()).empty());
}

TEST(BandwidthLimits, AConnectionHasItsOwnItsSourcesAndTheListeners) {
  BandwidthLimits limits({{.in = 1000}, 100, {.out = 10}, {.in = 50}});
  EXPECT_TRUE(limits.is_limited());
  const auto now = io::Clock::now();
  const auto first = rates_of(limits, kOne, now);
  const auto second = rates_of(limits, kOne, now);
  const auto third = rates_of(limits, kOther, now);
  ASSERT_EQ(first.size(), 3u);
  EXPECT_EQ(first[0]->out.rate(), 10u);
  EXPECT_EQ(first[1]->in.rate(), 50u);
  EXPECT_EQ(first[2]->in.rate(), 1000u);
  EXPECT_NE(first[0], second[0]);
  EXPECT_EQ(first[1], second[1]);
  EXPECT_EQ(first[2], second[2]);
  EXPECT_NE(first[1], third[1]);
  EXPECT_EQ(first[2], third[2]);
}

TEST(BandwidthLimits, AnIpv6SourceIsItsSlash64) {
  BandwidthLimits limits({{}, 100, {}, {.in = 50}});
  const auto now = io::Clock::now();
  const auto first = rates_of(limits, IpAddress{0x20010db800000000, 1}, now);
  EXPECT_EQ(first, rates_of(limits, IpAddress{0x20010db800000000, 2}, now));
  EXPECT_NE(first, rates_of(limits, IpAddress{0x20010db800000001, 1}, now));
}

TEST(BandwidthLimits, AUnixClientHasNoSource) {
  BandwidthLimits limits({{.in = 1000}, 100, {}, {.in = 50}});
  EXPECT_EQ(rates_of(limits, std::nullopt, io::Clock::now()).size(), 1u);
}

TEST(BandwidthLimits, OtherLimitsHoldForThoseWhoHaveTheOldOnes) {
  BandwidthLimits limits({{.in = 1000}, 100, {}, {.in = 50}});
  const auto rates = rates_of(limits, kOne, io::Clock::now());
  limits.set({{.in = 2000}, 100, {}, {.in = 70}});
  EXPECT_EQ(rates[0]->in.rate(), 70u);
  EXPECT_EQ(rates[1]->in.rate(), 2000u);
  limits.set({});
  EXPECT_FALSE(limits.is_limited());
  EXPECT_EQ(rates[1]->in.rate(), 0u) << "who has not looked yet is not limited any more";
}

/// A source that comes back before its burst is whole again gets no new one, among however many.
TEST(BandwidthLimits, ASourceIsRememberedUntilItsBurstIsWhole) {
  BandwidthLimits limits({{}, 1000, {}, {.in = 10}});
  const auto now = io::Clock::now();
  rates_of(limits, kOne, now).front()->in.book(10, now);
  for (std::uint32_t i = 0; i < 5000; ++i) rates_of(limits, IpAddress::v4(0xc0000000 + i), now);
  EXPECT_FALSE(rates_of(limits, kOne, now).front()->in.is_full(now));
  for (std::uint32_t i = 0; i < 20000; ++i) rates_of(limits, IpAddress::v4(0xd0000000 + i), now + seconds(200));
  EXPECT_TRUE(rates_of(limits, kOne, now + seconds(200)).front()->in.is_full(now + seconds(200)));
}

TEST(BandwidthLimits, AConnectionThatLooksAgainGetsNoOtherBurst) {
  BandwidthLimits limits({{}, 100, {.in = 50}, {}});
  const auto now = io::Clock::now();
  std::shared_ptr<ByteBuckets> own;
  limits.rates_of(kOne, own, now).front()->in.book(100, now);
  const auto again = limits.rates_of(kOne, own, now);
  EXPECT_EQ(again.front()->in.book(50, now), now);
  EXPECT_GT(again.front()->in.book(50, now), now);
}

TEST(BandwidthLimits, WhatAConnectionHasForItselfChangesWithTheConfiguration) {
  BandwidthLimits limits({{}, 100, {.in = 50}, {}});
  const auto now = io::Clock::now();
  std::shared_ptr<ByteBuckets> own;
  limits.rates_of(kOne, own, now);
  limits.set({{}, 100, {.out = 70}, {}});
  const auto again = limits.rates_of(kOne, own, now);
  EXPECT_EQ(again.front()->in.rate(), 0u);
  EXPECT_EQ(again.front()->out.rate(), 70u);
}

}  // namespace
}  // namespace weir
