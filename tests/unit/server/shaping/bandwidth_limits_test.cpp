#include "server/shaping/bandwidth_limits.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace weir {
namespace {

using std::chrono::seconds;

const IpAddress kOne = IpAddress::v4(0x0a000001);
const IpAddress kOther = IpAddress::v4(0x0a000002);

TEST(BandwidthLimits, WithoutAnyThereIsNothingToKeepTo) {
  BandwidthLimits limits(BandwidthConfig{});
  EXPECT_FALSE(limits.is_limited());
  EXPECT_TRUE(limits.rates_of(kOne, io::Clock::now()).empty());
}

TEST(BandwidthLimits, AConnectionHasItsOwnItsSourcesAndTheListeners) {
  BandwidthLimits limits({{.in = 1000}, 100, {.out = 10}, {.in = 50}});
  EXPECT_TRUE(limits.is_limited());
  const auto now = io::Clock::now();
  const auto first = limits.rates_of(kOne, now);
  const auto second = limits.rates_of(kOne, now);
  const auto third = limits.rates_of(kOther, now);
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
  const auto first = limits.rates_of(IpAddress{0x20010db800000000, 1}, now);
  EXPECT_EQ(first, limits.rates_of(IpAddress{0x20010db800000000, 2}, now));
  EXPECT_NE(first, limits.rates_of(IpAddress{0x20010db800000001, 1}, now));
}

TEST(BandwidthLimits, AUnixClientHasNoSource) {
  BandwidthLimits limits({{.in = 1000}, 100, {}, {.in = 50}});
  EXPECT_EQ(limits.rates_of(std::nullopt, io::Clock::now()).size(), 1u);
}

TEST(BandwidthLimits, OtherLimitsHoldForThoseWhoHaveTheOldOnes) {
  BandwidthLimits limits({{.in = 1000}, 100, {}, {.in = 50}});
  const auto rates = limits.rates_of(kOne, io::Clock::now());
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
  limits.rates_of(kOne, now).front()->in.book(10, now);
  for (std::uint32_t i = 0; i < 5000; ++i) limits.rates_of(IpAddress::v4(0xc0000000 + i), now);
  EXPECT_FALSE(limits.rates_of(kOne, now).front()->in.is_full(now));
  for (std::uint32_t i = 0; i < 20000; ++i) limits.rates_of(IpAddress::v4(0xd0000000 + i), now + seconds(200));
  EXPECT_TRUE(limits.rates_of(kOne, now + seconds(200)).front()->in.is_full(now + seconds(200)));
}

}  // namespace
}  // namespace weir
