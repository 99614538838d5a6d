#include "server/upstream/balancer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/stable_hash.hpp"

namespace weir {
namespace {

using Balance = UpstreamConfig::Balance;

constexpr int kPicks = 10'000'000;

/// Servers of one balancer, all eligible and idle at first.
class Servers {
 public:
  Servers(Balance policy, const std::vector<std::uint32_t>& weights) : size_(weights.size()) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < weights.size(); ++i) names.push_back("server " + std::to_string(i));
    std::vector<Balancer::Server> servers;
    for (std::size_t i = 0; i < weights.size(); ++i) servers.push_back({names[i], weights[i]});
    balancer_.emplace(policy, servers, 42);
    for (std::size_t i = 0; i < size_; ++i) balancer_->set_eligible(i, true);
  }
  Servers(Balance policy, const std::vector<std::string_view>& names) : size_(names.size()) {
    std::vector<Balancer::Server> servers;
    for (const std::string_view name : names) servers.push_back({name, 1});
    balancer_.emplace(policy, servers, 1);
    for (std::size_t i = 0; i < size_; ++i) balancer_->set_eligible(i, true);
  }

  Balancer* operator->() { return &*balancer_; }
  std::optional<std::size_t> pick(std::uint64_t source = 0) { return balancer_->pick(source); }

  /// How many of so many connections, each of another source and over at once, each server gets.
  std::vector<int> count(int picks) {
    std::vector<int> counts(size_, 0);
    for (int i = 0; i < picks; ++i) ++counts[*pick(mix(static_cast<std::uint64_t>(i)))];
    return counts;
  }

 private:
  std::size_t size_;
  std::optional<Balancer> balancer_;
};

class EveryPolicy : public testing::TestWithParam<Balance> {};

INSTANTIATE_TEST_SUITE_P(Balancer, EveryPolicy,
                         testing::Values(Balance::round_robin, Balance::least_connections, Balance::random_two,
                                         Balance::source_hash));

TEST_P(EveryPolicy, PicksNobodyWhereNobodyIsEligible) {
  EXPECT_EQ(Servers(GetParam(), std::vector<std::uint32_t>{}).pick(), std::nullopt);
  Servers servers(GetParam(), {1, 1, 1});
  for (std::size_t i = 0; i < 3; ++i) servers->set_eligible(i, false);
  EXPECT_EQ(servers.pick(), std::nullopt);
}

TEST_P(EveryPolicy, PicksTheOnlyEligibleOne) {
  Servers servers(GetParam(), {5, 1, 3, 7});
  for (std::size_t i = 0; i < 4; ++i) servers->set_eligible(i, i == 1);
  for (std::uint64_t i = 0; i < 1000; ++i) EXPECT_EQ(servers.pick(mix(i)), 1u);
}

TEST_P(EveryPolicy, NeverPicksOneThatIsNotEligible) {
  Servers servers(GetParam(), {1, 2, 3, 4, 5});
  servers->set_eligible(1, false);
  servers->set_eligible(4, false);
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    const std::optional<std::size_t> picked = servers.pick(mix(i));
    ASSERT_TRUE(picked == 0u || picked == 2u || picked == 3u);
  }
}

TEST_P(EveryPolicy, PassesOverThoseThatAreToBeSkippedOnce) {
  Servers servers(GetParam(), {1, 2, 3, 4});
  for (std::uint64_t i = 0; i < 1000; ++i) {
    for (const std::size_t skipped : {0u, 2u, 3u, 2u}) servers->skip(skipped);
    ASSERT_EQ(servers.pick(mix(i)), 1u);
  }
  for (std::size_t all = 0; all < 4; ++all) servers->skip(all);
  EXPECT_EQ(servers.pick(), std::nullopt);
  EXPECT_NE(servers.pick(), std::nullopt) << "only the next pick passes over them";
}

TEST_P(EveryPolicy, CountsThoseThatAreEligible) {
  Servers servers(GetParam(), {1, 2, 3});
  EXPECT_EQ(servers->eligible(), 3u);
  servers->set_eligible(1, false);
  servers->set_eligible(1, false);
  EXPECT_EQ(servers->eligible(), 2u);
  servers->set_eligible(1, true);
  EXPECT_EQ(servers->eligible(), 3u);
}

/// Those that look at the weights alone.
class EveryShare : public testing::TestWithParam<Balance> {};

INSTANTIATE_TEST_SUITE_P(Balancer, EveryShare,
                         testing::Values(Balance::round_robin, Balance::random_two, Balance::source_hash));

TEST_P(EveryShare, FollowsTheWeightsWithinAHundredth) {
  const std::vector<int> counts = Servers(GetParam(), {1, 2, 3, 4}).count(kPicks);
  for (std::size_t i = 0; i < 4; ++i) {
    const double wanted = static_cast<double>(i + 1) / 10 * kPicks;
    EXPECT_NEAR(counts[i], wanted, wanted / 100) << "server " << i;
  }
}

TEST(RoundRobin, SpreadsAHeavyServersTurns) {
  Servers servers(Balance::round_robin, {5, 1, 1});
  std::string turns;
  for (int i = 0; i < 700; ++i) turns += static_cast<char>('a' + *servers.pick());
  EXPECT_EQ(std::count(turns.begin(), turns.end(), 'a'), 500);
  EXPECT_EQ(std::count(turns.begin(), turns.end(), 'b'), 100);
  EXPECT_EQ(turns.find("aaaa"), std::string::npos);
}

TEST_P(EveryShare, FollowsWeightsThatChangeMeanwhile) {
  Servers servers(GetParam(), {1, 1, 1, 1});
  servers.count(1001);
  for (std::size_t i = 0; i < 4; ++i) servers->set_weight(i, static_cast<std::uint32_t>(i + 1) * 100);
  const std::vector<int> counts = servers.count(kPicks / 10);
  for (std::size_t i = 0; i < 4; ++i) {
    const double wanted = static_cast<double>(i + 1) / 100 * kPicks;
    EXPECT_NEAR(counts[i], wanted, wanted / 50) << "server " << i;
  }
}

TEST_P(EveryShare, PassingOverAServerCostsItNoShare) {
  Servers servers(GetParam(), {1, 1, 1});
  std::array<int, 3> counts{};
  for (std::uint64_t i = 0; i < 30'000; ++i) {
    servers->skip(i % 3);
    ++counts[*servers.pick(mix(i))];
  }
  for (const int count : counts) EXPECT_NEAR(count, 10'000, 500);
}

TEST(RoundRobin, EqualServersAreServedInTheirOrder) {
  Servers servers(Balance::round_robin, {7, 7, 7});
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(servers.pick(), i);
  }
}

TEST(RoundRobin, OneWhoseWeightGrowsDoesNotWaitAtItsOldPace) {
  Servers servers(Balance::round_robin, {100, 1, 1});
  for (int i = 0; i < 150; ++i) servers.pick();
  servers->set_weight(1, 100);
  servers->set_weight(2, 100);
  std::array<int, 3> counts{};
  for (int i = 0; i < 30; ++i) ++counts[*servers.pick()];
  for (const int count : counts) EXPECT_NEAR(count, 10, 1);
}

TEST(RoundRobin, OneThatComesBackDoesNotCatchUp) {
  Servers servers(Balance::round_robin, {1, 1});
  servers->set_eligible(0, false);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(servers.pick(), 1u);
  servers->set_eligible(0, true);
  int first = 0;
  for (int i = 0; i < 10; ++i) first += servers.pick() == 0u ? 1 : 0;
  EXPECT_EQ(first, 5);
}

TEST(LeastConnections, PicksTheLeastForItsWeight) {
  Servers servers(Balance::least_connections, {1, 1, 4});
  servers->set_active(0, 3);
  servers->set_active(1, 2);
  servers->set_active(2, 7);
  EXPECT_EQ(servers.pick(), 2u);
  servers->set_active(2, 9);
  EXPECT_EQ(servers.pick(), 1u);
}

TEST(LeastConnections, EqualsTakeTurns) {
  Servers servers(Balance::least_connections, {1, 1, 1});
  std::array<int, 3> counts{};
  for (int i = 0; i < 300; ++i) ++counts[*servers.pick()];
  EXPECT_EQ(counts, (std::array<int, 3>{100, 100, 100}));
}

TEST(RandomTwo, PrefersTheOneWithLessToDo) {
  Servers servers(Balance::random_two, {1, 1, 1});
  servers->set_active(1, 10);
  const std::vector<int> counts = servers.count(30'000);
  EXPECT_EQ(counts[1], 0) << "of any two, the other has less to do";
  EXPECT_NEAR(counts[0], 15'000, 1000);
}

TEST(SourceHash, ASourceStaysWithItsServer) {
  Servers servers(Balance::source_hash, {1, 1, 1, 1});
  for (std::uint64_t i = 0; i < 1000; ++i) EXPECT_EQ(servers.pick(mix(i)), servers.pick(mix(i)));
}

TEST(SourceHash, SourcesOfAServerThatIsDownAreSpreadAndTheOthersStay) {
  Servers servers(Balance::source_hash, {1, 1, 1, 1});
  std::vector<std::size_t> before;
  for (std::uint64_t i = 0; i < 40'000; ++i) before.push_back(*servers.pick(mix(i)));
  servers->set_eligible(2, false);
  std::array<int, 4> inherited{};
  for (std::uint64_t i = 0; i < 40'000; ++i) {
    const std::size_t now = *servers.pick(mix(i));
    if (before[i] != 2) {
      ASSERT_EQ(now, before[i]);
    } else {
      ++inherited[now];
    }
  }
  for (const std::size_t i : {0u, 1u, 3u}) EXPECT_NEAR(inherited[i], 3333, 400);
}

TEST(SourceHash, EqualServersHaveEqualShares) {
  for (const std::size_t count : {1u, 2u, 10u, 100u}) {
    const std::vector<int> counts =
        Servers(Balance::source_hash, std::vector<std::uint32_t>(count, 1)).count(2'000'000);
    for (const int share : counts) {
      EXPECT_NEAR(share * static_cast<double>(count) / 2'000'000, 1, count == 100 ? 0.04 : 0.01) << count << " servers";
    }
  }
}

TEST(SourceHash, ALightServerBesideAHeavyOneHasItsShareToo) {
  const std::vector<int> counts = Servers(Balance::source_hash, {65535, 1, 1}).count(10 * 65537);
  EXPECT_NEAR(counts[1] + counts[2], 20, 16);
}

TEST(SourceHash, HardlyMoreThanOneShareMovesWhenAServerComesOrGoes) {
  constexpr std::uint64_t kSources = 100'000;
  const std::vector<std::string_view> ten{"a:1", "b:1", "c:1", "d:1", "e:1", "f:1", "g:1", "h:1", "i:1", "j:1"};
  for (std::size_t gone = 0; gone < ten.size(); ++gone) {
    std::vector<std::string_view> nine = ten;
    nine.erase(nine.begin() + static_cast<std::ptrdiff_t>(gone));
    Servers before(Balance::source_hash, ten);
    Servers after(Balance::source_hash, nine);
    std::uint64_t moved = 0;
    for (std::uint64_t i = 0; i < kSources; ++i) {
      const std::string_view was = ten[*before.pick(mix(i))];
      const std::string_view is = nine[*after.pick(mix(i))];
      moved += was != is ? 1 : 0;
      ASSERT_TRUE(was == is || was == ten[gone]) << "only its own sources move";
    }
    EXPECT_LT(moved, kSources * 12 / 100) << ten[gone];
  }
}

TEST(SourceHash, AWeightThatGrowsOnlyAttracts) {
  Servers servers(Balance::source_hash, {100, 100, 1});
  std::vector<std::size_t> before;
  for (std::uint64_t i = 0; i < 20'000; ++i) before.push_back(*servers.pick(mix(i)));
  servers->set_weight(2, 100);
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    const std::size_t now = *servers.pick(mix(i));
    ASSERT_TRUE(now == before[i] || now == 2);
  }
}

TEST(SourceHash, DoesNotDependOnTheProcess) {
  Servers servers(Balance::source_hash, {1, 2, 3});
  std::uint64_t all = 0;
  for (std::uint64_t i = 0; i < 1000; ++i) all = mix(all + *servers.pick(mix(i)));
  // A release that changes this sends the clients of every source_hash upstream to other servers.
  EXPECT_EQ(all, 4466804256671404240u) << "of another implementation, in Python";
}

}  // namespace
}  // namespace weir
