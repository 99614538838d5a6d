#include "common/escapes.hpp"

#include <gmock/gmock.h>

#include <stdexcept>

namespace weir {
namespace {

using ::testing::HasSubstr;

TEST(Escapes, StandForTheirBytes) {
  EXPECT_EQ(unescape(""), "");
  EXPECT_EQ(unescape("PING\\r\\n"), "PING\r\n");
  EXPECT_EQ(unescape("\\t\\\\\\\"\\'"), "\t\\\"'");
  EXPECT_EQ(unescape("a\\0b"), std::string("a\0b", 3));
  EXPECT_EQ(unescape("\\x00\\xfF\\x7e1"), std::string("\0\xff~1", 4));
  EXPECT_EQ(unescape("already\r\n"), "already\r\n");
}

TEST(Escapes, UnknownOnesAreNamed) {
  for (const char* wrong : {"\\q", "a\\", "\\x", "\\x1", "\\xg0", "\\x0g", "\\x-1", "\\X00"}) {
    EXPECT_THROW(unescape(wrong), std::invalid_argument) << wrong;
  }
  try {
    unescape("a\\qb");
  } catch (const std::invalid_argument& error) {
    EXPECT_THAT(error.what(), HasSubstr("\\q"));
  }
}

TEST(Escapes, EveryByteComesBack) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  EXPECT_EQ(unescape(escape(all)), all);
  for (const char byte : escape(all)) EXPECT_TRUE(byte >= ' ' && byte <= '~') << static_cast<int>(byte);
  EXPECT_EQ(escape("PING\r\n\\\xd2\"'"), "PING\\r\\n\\\\\\xd2\"'");
}

}  // namespace
}  // namespace weir
