#include "server/upstream/maglev.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "common/stable_hash.hpp"

namespace weir {
namespace {

constexpr int kSources = 200'000;

std::vector<std::string> names(std::size_t count) {
  std::vector<std::string> list;
  for (std::size_t i = 0; i < count; ++i) list.push_back("10.0.0." + std::to_string(i + 1) + ":5432");
  return list;
}

MaglevTable table_of(const std::vector<std::string>& names, const std::vector<std::uint32_t>& weights = {}) {
  std::vector<MaglevTable::Server> servers;
  for (std::size_t i = 0; i < names.size(); ++i) servers.push_back({names[i], weights.empty() ? 1 : weights[i]});
  return MaglevTable(servers);
}

std::uint64_t source(int number) { return mix(static_cast<std::uint64_t>(number)); }

/// The part of the sources that each server has.
std::vector<double> shares(const MaglevTable& table, std::size_t servers) {
  std::vector<double> share(servers, 0);
  for (int i = 0; i < kSources; ++i) share[table.find(source(i))] += 1.0 / kSources;
  return share;
}

TEST(MaglevTable, GivesEqualServersEqualShares) {
  for (const std::size_t count : {1, 2, 10, 100}) {
    for (const double share : shares(table_of(names(count)), count)) {
      EXPECT_NEAR(share * static_cast<double>(count), 1, 0.1) << count << " servers";
    }
  }
}

TEST(MaglevTable, SharesFollowTheWeights) {
  const std::vector<double> share = shares(table_of(names(4), {1, 2, 5, 0}), 4);
  EXPECT_NEAR(share[0], 1 / 8.0, 0.004);
  EXPECT_NEAR(share[1], 2 / 8.0, 0.004);
  EXPECT_NEAR(share[2], 5 / 8.0, 0.004);
  EXPECT_EQ(share[3], 0);
}

TEST(MaglevTable, HardlyMoreThanOneShareMovesWhenAServerComesOrGoes) {
  const std::vector<std::string> ten = names(10);
  for (std::size_t gone = 0; gone < ten.size(); ++gone) {
    std::vector<std::string> nine = ten;
    nine.erase(nine.begin() + static_cast<std::ptrdiff_t>(gone));
    const MaglevTable before = table_of(ten);
    const MaglevTable after = table_of(nine);
    int moved = 0;
    for (int i = 0; i < kSources; ++i) moved += ten[before.find(source(i))] != nine[after.find(source(i))] ? 1 : 0;
    EXPECT_LT(moved, kSources * 15 / 100) << ten[gone];
  }
}

TEST(MaglevTable, DoesNotDependOnTheProcess) {
  const MaglevTable table = table_of({"a", "b", "c"});
  std::uint64_t all = 0;
  for (int i = 0; i < 1000; ++i) all = mix(all + table.find(source(i)));
  // A release that changes this sends the clients of every source_hash upstream to other servers.
  EXPECT_EQ(all, 185910987453146858u) << "of another implementation, in Python";
}

TEST(MaglevTable, IsEmptyWithoutAnyWeight) {
  EXPECT_TRUE(table_of({}).empty());
  EXPECT_TRUE(table_of({"a"}, {0}).empty());
}

}  // namespace
}  // namespace weir
