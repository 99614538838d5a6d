#include "client/message/pattern.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

namespace weir::load {
namespace {

TEST(Pattern, IsEndless) {
  constexpr std::size_t kWanted = 1000;
  for (const std::uint64_t position : {std::uint64_t{0}, std::uint64_t{Pattern::kPeriod - 10},
                                       std::uint64_t{Pattern::kPeriod}, std::uint64_t{7} * Pattern::kPeriod + 5}) {
    const auto here = Pattern::slice(position, kWanted);
    const auto again = Pattern::slice(position + Pattern::kPeriod, kWanted);
    ASSERT_EQ(here.size(), kWanted);
    EXPECT_TRUE(std::equal(here.begin(), here.end(), again.begin(), again.end())) << position;
    const auto next = Pattern::slice(position + 1, kWanted - 1);
    EXPECT_TRUE(std::equal(here.begin() + 1, here.end(), next.begin(), next.end())) << position;
  }
}

TEST(Pattern, GivesWhatIsWantedAndAtLeast64KiBWhenSoManyAre) {
  EXPECT_EQ(Pattern::slice(5, 1).size(), 1u);
  for (const std::uint64_t position : {std::uint64_t{0}, std::uint64_t{Pattern::kPeriod - 1}}) {
    EXPECT_GE(Pattern::slice(position, 10 * Pattern::kPeriod).size(), 64u * 1024);
    EXPECT_GE(Pattern::upper_slice(position, 10 * Pattern::kPeriod).size(), 64u * 1024);
  }
}

TEST(Pattern, HasEveryByteAndItsCapitals) {
  const auto bytes = Pattern::slice(0, 64 * 1024);
  const auto capitals = Pattern::upper_slice(0, 64 * 1024);
  EXPECT_EQ(std::set<std::byte>(bytes.begin(), bytes.end()).size(), 256u);
  for (std::size_t i = 0; i < bytes.size(); ++i) ASSERT_EQ(capitals[i], to_upper(bytes[i])) << i;
}

/// A lost or doubled chunk of a round size would otherwise fit.
TEST(Pattern, NoRoundDistanceLeadsToTheSameBytes) {
  const auto begin = Pattern::slice(0, 64);
  for (std::uint64_t distance = 512; distance <= (1 << 20); distance += 512) {
    const auto later = Pattern::slice(distance, 64);
    ASSERT_FALSE(std::equal(begin.begin(), begin.end(), later.begin(), later.end())) << distance;
  }
}

TEST(Pattern, UpperCasesAsciiLettersOnly) {
  EXPECT_EQ(to_upper(std::byte{'a'}), std::byte{'A'});
  EXPECT_EQ(to_upper(std::byte{'z'}), std::byte{'Z'});
  for (const unsigned char other : {'A', 'Z', '`', '{', '0', ' ', static_cast<char>(0xe4)}) {
    EXPECT_EQ(to_upper(std::byte{other}), std::byte{other});
  }
}

}  // namespace
}  // namespace weir::load
