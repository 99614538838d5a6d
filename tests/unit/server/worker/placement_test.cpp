#include "server/worker/placement.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

namespace weir {
namespace {

using Loads = std::vector<std::uint32_t>;

std::size_t choose(std::size_t own, const Loads& loads) {
  return choose_worker(own, loads.size(), [&loads](std::size_t i) { return loads[i]; });
}

/// Connections that last, each accepted by a worker that a hash picks.
Loads place(std::size_t connections, std::size_t workers, std::uint64_t seed) {
  std::mt19937_64 hash(seed);
  Loads loads(workers);
  for (std::size_t i = 0; i < connections; ++i) ++loads[choose(hash() % workers, loads)];
  return loads;
}

TEST(Placement, ConnectionStaysWhereItWasAcceptedWhenTheOthersHaveNotClearlyLess) {
  EXPECT_EQ(choose(1, {0, 0}), 1u);
  EXPECT_EQ(choose(0, {1, 0}), 0u);
  EXPECT_EQ(choose(0, {110, 100}), 0u);
  EXPECT_EQ(choose(0, {5, 9, 7}), 0u);
}

TEST(Placement, ConnectionGoesToTheLeastLoadedWhenItHasClearlyLess) {
  EXPECT_EQ(choose(0, {2, 0}), 1u);
  EXPECT_EQ(choose(0, {9, 5, 4}), 2u);
  EXPECT_EQ(choose(1, {100, 114}), 0u);
}

TEST(Placement, LastingConnectionsAreSpreadWithinAnEighthWhateverTheHashSays) {
  for (const std::size_t workers : {2, 3, 8}) {
    for (const std::size_t connections : {16, 64, 1000}) {
      for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        const Loads loads = place(connections, workers, seed);
        const auto [least, most] = std::minmax_element(loads.begin(), loads.end());
        EXPECT_LE(*most, *least + 2 + *least / 8) << connections << " over " << workers << ", seed " << seed;
      }
    }
  }
}

TEST(Placement, AHashThatAlwaysPicksTheSameWorkerDoesNoHarm) {
  Loads loads(4);
  for (int i = 0; i < 100; ++i) ++loads[choose(3, loads)];
  EXPECT_LE(*std::max_element(loads.begin(), loads.end()), 29u);
}

}  // namespace
}  // namespace weir
