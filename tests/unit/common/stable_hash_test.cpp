#include "common/stable_hash.hpp"

#include <gtest/gtest.h>

namespace weir {
namespace {

/// The first numbers that SplitMix64 gives from the seed 0, as its authors' implementation prints them.
TEST(StableHash, MixIsSplitMix64) {
  constexpr std::uint64_t kGamma = 0x9e3779b97f4a7c15;
  EXPECT_EQ(mix(0), 0xe220a8397b1dcdafU);
  EXPECT_EQ(mix(kGamma), 0x6e789e6aa1b965f4U);
  EXPECT_EQ(mix(2 * kGamma), 0x06c45d188009454fU);
}

/// A restart, or another machine, must send a client to the same backend.
TEST(StableHash, BytesHaveTheSameHashInEveryProcess) {
  EXPECT_EQ(stable_hash(""), mix(0xcbf29ce484222325U));
  EXPECT_EQ(stable_hash("a"), mix(0xaf63dc4c8601ec8cU)) << "FNV-1a of one letter";
  EXPECT_NE(stable_hash("ab"), stable_hash("ba"));
}

}  // namespace
}  // namespace weir
