#include "server/upstream/weight_tree.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <random>
#include <vector>

namespace weir {
namespace {

/// What find() promises, the slow way.
std::size_t find_in_row(const std::vector<std::uint32_t>& weights, std::uint64_t lot) {
  std::size_t at = 0;
  while (lot >= weights[at]) lot -= weights[at++];
  return at;
}

TEST(WeightTree, FindsTheNumberOfEachLotWhateverIsSet) {
  std::minstd_rand lots(1);
  for (const std::size_t count : {1u, 2u, 3u, 7u, 8u, 9u, 100u}) {
    WeightTree tree(count);
    std::vector<std::uint32_t> weights(count, 0);
    for (int step = 0; step < 200; ++step) {
      const std::size_t number = lots() % count;
      weights[number] = lots() % 5;
      tree.set(number, weights[number]);
      const auto total = std::accumulate(weights.begin(), weights.end(), std::uint64_t{0});
      ASSERT_EQ(tree.total(), total);
      for (std::uint64_t lot = 0; lot < total; ++lot) ASSERT_EQ(tree.find(lot), find_in_row(weights, lot));
    }
  }
}

TEST(WeightTree, HoldsTheHeaviestWeights) {
  WeightTree tree(3);
  for (std::size_t i = 0; i < 3; ++i) tree.set(i, ~std::uint32_t{0});
  EXPECT_EQ(tree.total(), 3 * std::uint64_t{~std::uint32_t{0}});
  EXPECT_EQ(tree.find(tree.total() - 1), 2u);
  tree.set(1, 0);
  EXPECT_EQ(tree.find(~std::uint32_t{0}), 2u);
}

TEST(WeightTree, HasNoWeightWithoutNumbers) { EXPECT_EQ(WeightTree(0).total(), 0u); }

}  // namespace
}  // namespace weir
