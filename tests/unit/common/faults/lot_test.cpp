#include "common/faults/lot.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

namespace weir::faults {
namespace {

using std::chrono::microseconds;

Lot lot_of(std::uint64_t number, std::string_view fault = "slow", std::string_view listener = "db",
           std::uint64_t seed = 7) {
  return {seed, listener, fault, number};
}

std::vector<std::uint64_t> among(double percent, std::uint64_t connections, std::string_view fault = "slow",
                                 std::string_view listener = "db", std::uint64_t seed = 7) {
  std::vector<std::uint64_t> hit;
  for (std::uint64_t number = 1; number <= connections; ++number) {
    if (lot_of(number, fault, listener, seed).is_among(percent)) hit.push_back(number);
  }
  return hit;
}

TEST(Lot, NoneAndAllAreExact) {
  EXPECT_TRUE(among(0, 10'000).empty());
  EXPECT_EQ(among(100, 10'000).size(), 10'000u);
}

TEST(Lot, APercentageIsWithinFourDeviationsOfTheBinomial) {
  for (const double percent : {1.0, 20.0, 50.0, 99.0}) {
    const double share = percent / 100;
    const double deviation = std::sqrt(10'000 * share * (1 - share));
    EXPECT_NEAR(static_cast<double>(among(percent, 10'000).size()), 10'000 * share, 4 * deviation) << percent;
  }
}

/// What a version draws, every later one has to draw, or records cannot be replayed.
TEST(Lot, TheSameIsDrawnInEveryVersion) {
  EXPECT_EQ(among(20, 30), (std::vector<std::uint64_t>{6, 7, 16, 19, 25, 30}));
}

TEST(Lot, SeedListenerAndFaultEachChangeIt) {
  const auto drawn = among(20, 1000);
  EXPECT_NE(drawn, among(20, 1000, "slow", "db", 8));
  EXPECT_NE(drawn, among(20, 1000, "slow", "queue"));
  EXPECT_NE(drawn, among(20, 1000, "cut"));
  EXPECT_EQ(drawn, among(20, 1000));
}

/// The greatest distance between the drawn values and their distribution, against the bound of Kolmogorov and Smirnov
/// at 1 %.
template <typename Cumulative>
void expect_distribution(const Latency& latency, Cumulative cumulative) {
  constexpr std::size_t kDraws = 10'000;
  std::vector<double> drawn;
  const Lot lot = lot_of(1);
  for (std::size_t i = 0; i < kDraws; ++i) {
    drawn.push_back(static_cast<double>(delay_at(latency, lot, 64 * i).count()));
  }
  std::sort(drawn.begin(), drawn.end());
  double distance = 0;
  for (std::size_t i = 0; i < kDraws; ++i) {
    const double expected = cumulative(drawn[i]);
    distance = std::max({distance, std::abs(expected - static_cast<double>(i) / kDraws),
                         std::abs(expected - static_cast<double>(i + 1) / kDraws)});
  }
  EXPECT_LT(distance, 1.63 / std::sqrt(static_cast<double>(kDraws)));
}

TEST(DelayAt, IsConstantWithoutJitter) {
  EXPECT_EQ(delay_at({microseconds(50'000), microseconds(0), Distribution::uniform}, lot_of(1), 17),
            microseconds(50'000));
}

TEST(DelayAt, UniformIsUniform) {
  expect_distribution({microseconds(50'000), microseconds(10'000), Distribution::uniform},
                      [](double delay) { return std::clamp((delay - 40'000) / 20'000, 0.0, 1.0); });
}

TEST(DelayAt, NormalIsNormal) {
  expect_distribution({microseconds(100'000), microseconds(10'000), Distribution::normal},
                      [](double delay) { return 0.5 * std::erfc(-(delay - 100'000) / 10'000 / std::sqrt(2.0)); });
}

TEST(DelayAt, ParetoHasTheMeanAndTheDeviationThatWereAsked) {
  expect_distribution({microseconds(100'000), microseconds(10'000), Distribution::pareto}, [](double delay) {
    const double x = (delay - 100'000) / 10'000 * std::sqrt(0.75) + 1.5;
    return x <= 1 ? 0.0 : 1 - std::pow(x, -3);
  });
}

TEST(DelayAt, IsNeverNegative) {
  const Latency wild{microseconds(1'000), microseconds(100'000), Distribution::normal};
  for (std::uint64_t place = 0; place < 10'000; ++place) {
    EXPECT_GE(delay_at(wild, lot_of(1), place), microseconds(0));
  }
}

TEST(SliceAt, StaysWithinItsVariationAndReachesBothEnds) {
  std::set<std::uint64_t> sizes;
  for (std::uint64_t place = 0; place < 1000; ++place) sizes.insert(slice_at({10, 3, {}}, lot_of(1), place));
  EXPECT_EQ(sizes, (std::set<std::uint64_t>{7, 8, 9, 10, 11, 12, 13}));
}

TEST(SliceAt, IsNeverEmpty) {
  for (std::uint64_t place = 0; place < 1000; ++place) EXPECT_GE(slice_at({2, 5, {}}, lot_of(1), place), 1u);
}

TEST(StallsAt, NeverAndAlwaysAreExact) {
  for (std::uint64_t place = 0; place < 1000; ++place) {
    EXPECT_FALSE(stalls_at({.probability = 0}, lot_of(1), place));
    EXPECT_TRUE(stalls_at({.probability = 1}, lot_of(1), place));
  }
}

TEST(TurnedBit, StandsInItsBlock) {
  std::set<std::uint64_t> places;
  std::set<unsigned> masks;
  for (std::uint64_t block = 0; block < 1000; ++block) {
    const TurnedBit turned = turned_bit({100}, lot_of(1), block);
    EXPECT_EQ(turned.place / 100, block);
    places.insert(turned.place % 100);
    masks.insert(turned.mask);
  }
  EXPECT_GT(places.size(), 95u);
  EXPECT_EQ(masks, (std::set<unsigned>{1, 2, 4, 8, 16, 32, 64, 128}));
}

}  // namespace
}  // namespace weir::faults
