#include "client/report/hex.hpp"

#include <gtest/gtest.h>

namespace weir::load {
namespace {

TEST(Hex, EveryByteComesBack) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  EXPECT_EQ(from_hex(to_hex(all)), all);
  EXPECT_EQ(to_hex(std::string("WL\0\xff", 4)), "574c00ff");
  EXPECT_EQ(to_hex(""), "");
}

TEST(Hex, OtherCharactersAreLeftOut) {
  EXPECT_EQ(from_hex("57 4c"), "WL");
  EXPECT_EQ(from_hex(""), "");
}

}  // namespace
}  // namespace weir::load
