#include "server/worker/drain_spread.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace weir {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const DrainSpread::Time kEnd = DrainSpread::Time() + std::chrono::hours(1);

TEST(DrainSpread, GivesEachATurnWithinItsPartOfTheDrain) {
  const DrainSpread spread(kEnd, seconds(10));
  EXPECT_EQ(spread.begin(), kEnd - seconds(10));
  for (const std::uint64_t id : {0ull, 1ull, 2ull, 1ull << 63, ~0ull}) {
    EXPECT_GE(spread.turn_of(id), spread.begin()) << id;
    EXPECT_LE(spread.turn_of(id), kEnd) << id;
    EXPECT_EQ(spread.turn_of(id), spread.turn_of(id)) << id;
  }
}

/// Whether those that are left were numbered from 1 or later, and whether every one or every fourth is left.
TEST(DrainSpread, SpreadsNeighboursEvenly) {
  constexpr std::size_t kParts = 100;
  for (const std::uint64_t first : {1ull, 1'000'000'007ull}) {
    for (const std::uint64_t step : {1ull, 4ull}) {
      const DrainSpread spread(kEnd, seconds(10));
      std::vector<int> turns(kParts);
      for (std::uint64_t i = 0; i < 10 * kParts; ++i) {
        const auto late = spread.turn_of(first + step * i) - spread.begin();
        ++turns[static_cast<std::size_t>(late / milliseconds(100))];
      }
      for (const int count : turns) {
        EXPECT_GE(count, 5) << first << " " << step;
        EXPECT_LE(count, 15) << first << " " << step;
      }
    }
  }
}

TEST(DrainSpread, IsLookedAtOftenEnoughAndNotTooOften) {
  EXPECT_EQ(DrainSpread(kEnd, milliseconds(1)).pause(), milliseconds(20));
  EXPECT_EQ(DrainSpread(kEnd, seconds(10)).pause(), milliseconds(100));
  EXPECT_EQ(DrainSpread(kEnd, std::chrono::hours(1)).pause(), milliseconds(500));
}

}  // namespace
}  // namespace weir
