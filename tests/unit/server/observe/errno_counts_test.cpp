#include "server/observe/errno_counts.hpp"

#include <gmock/gmock.h>

#include <cerrno>

namespace weir {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(ErrnoCounts, KeepsKindsApartAndAddsThemUpByName) {
  ErrnoCounts one;
  ErrnoCounts other;
  one.add(ECONNREFUSED);
  one.add(ETIMEDOUT);
  one.add(ECONNREFUSED);
  other.add(ETIMEDOUT);
  std::map<std::string, std::uint64_t> all;
  one.add_to(all);
  other.add_to(all);
  EXPECT_THAT(all, ElementsAre(Pair("ECONNREFUSED", 2), Pair("ETIMEDOUT", 2)));
}

TEST(ErrnoCounts, CountsTheKindsThatHaveNoPlaceTogether) {
  ErrnoCounts counts;
  constexpr int kKinds = ErrnoCounts::kKinds;
  for (int error = 1; error <= kKinds + 3; ++error) counts.add(error);
  counts.add(1);
  std::map<std::string, std::uint64_t> all;
  counts.add_to(all);
  EXPECT_EQ(all.size(), ErrnoCounts::kKinds + 1);
  EXPECT_EQ(all["other"], 3U);
  EXPECT_EQ(all["EPERM"], 2U);
}

TEST(ErrnoCounts, AnUnknownNumberIsNamedByIt) {
  ErrnoCounts counts;
  counts.add(9999);
  std::map<std::string, std::uint64_t> all;
  counts.add_to(all);
  EXPECT_THAT(all, ElementsAre(Pair("errno 9999", 1)));
}

}  // namespace
}  // namespace weir
