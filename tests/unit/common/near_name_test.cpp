#include "common/near_name.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace weir {
namespace {

constexpr std::array<std::string_view, 4> kKnown{"idle", "half_close", "lifetime", "c"};

TEST(NearName, TypingErrorsAreUnderstood) {
  EXPECT_EQ(nearest_name("idel", kKnown), "idle");
  EXPECT_EQ(nearest_name("halfclose", kKnown), "half_close");
  EXPECT_EQ(nearest_name("half-close", kKnown), "half_close");
  EXPECT_EQ(nearest_name("lifetimes", kKnown), "lifetime");
}

TEST(NearName, WhatIsFarFromAllNamesNone) {
  EXPECT_EQ(nearest_name("bananas", kKnown), "");
  EXPECT_EQ(nearest_name("x", kKnown), "");
  EXPECT_EQ(nearest_name("", kKnown), "");
  EXPECT_EQ(nearest_name(std::string(1 << 20, 'i'), kKnown), "");
}

TEST(NearName, HintNamesTheNearestOrAll) {
  EXPECT_EQ(name_hint("idel", kKnown), "did you mean \"idle\"?");
  EXPECT_EQ(name_hint("bananas", kKnown), "known are idle, half_close, lifetime, c");
  EXPECT_EQ(name_hint("bananas", {}), "none is known");
}

}  // namespace
}  // namespace weir
