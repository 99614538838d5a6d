#include "client/length_spec.hpp"

#include <gtest/gtest.h>

#include <map>
#include <stdexcept>

#include "common/stable_hash.hpp"

namespace weir::load {
namespace {

TEST(LengthSpec, OneLengthIsAlwaysPicked) {
  const LengthSpec spec = LengthSpec::parse("1k");
  EXPECT_EQ(spec.pick(0), 1024u);
  EXPECT_EQ(spec.pick(~0ULL), 1024u);
  EXPECT_EQ(spec.longest(), 1024u);
  EXPECT_EQ(spec.to_string(), "1k");
}

TEST(LengthSpec, RangeIsPickedFromEndToEnd) {
  const LengthSpec spec = LengthSpec::parse("10-13");
  std::map<std::uint64_t, int> picked;
  for (std::uint64_t i = 0; i < 4000; ++i) ++picked[spec.pick(mix(i))];
  ASSERT_EQ(picked.size(), 4u);
  for (const auto& [length, times] : picked) {
    EXPECT_TRUE(length >= 10 && length <= 13);
    EXPECT_NEAR(times, 1000, 150);
  }
}

TEST(LengthSpec, MixFollowsItsWeights) {
  const LengthSpec spec = LengthSpec::parse("64:90,16k-32k:10");
  int small = 0;
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    const std::uint64_t length = spec.pick(mix(i));
    if (length == 64) {
      ++small;
    } else {
      EXPECT_TRUE(length >= 16'384 && length <= 32'768);
    }
  }
  EXPECT_NEAR(small, 9000, 200);
  EXPECT_EQ(spec.longest(), 32'768u);
}

TEST(LengthSpec, SaysWhatIsWrong) {
  for (const char* text : {"", "0", "x", "64-", "-64", "4k-64", "64:", "64:0", "64,", "2g", "64:1:2"}) {
    EXPECT_THROW(LengthSpec::parse(text), std::invalid_argument) << text;
  }
}

}  // namespace
}  // namespace weir::load
