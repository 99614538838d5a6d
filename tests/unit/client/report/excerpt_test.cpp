#include "client/report/excerpt.hpp"

#include <gtest/gtest.h>

namespace weir::load {
namespace {

WrongReply wrong_at(std::uint64_t offset, std::uint64_t excerpt_at, std::string expected, std::string received) {
  return {Failure::corrupt, 4, 7, offset, "", std::move(expected), std::move(received), excerpt_at};
}

TEST(Excerpt, MarksTheFirstWrongByte) {
  EXPECT_EQ(excerpt(wrong_at(105, 97, "abcdefghijklmnopqrst", std::string("abcdefgh\0jklmnopqrst", 20)), 2),
            "  byte 97\n"
            "  expected  61 62 63 64 65 66 67 68 69 6a 6b 6c 6d 6e 6f 70 |abcdefghijklmnop|\n"
            "  received  61 62 63 64 65 66 67 68 00 6a 6b 6c 6d 6e 6f 70 |abcdefgh.jklmnop|\n"
            "                                    ^^\n");
  EXPECT_EQ(excerpt(wrong_at(0, 0, "abc", "xbc"), 0),
            "byte 0\n"
            "expected  61 62 63                                        |abc|\n"
            "received  78 62 63                                        |xbc|\n"
            "          ^^\n");
}

TEST(Excerpt, MarksTheByteThatNeverCame) {
  EXPECT_EQ(excerpt(wrong_at(8, 6, "abcd", "ab"), 0),
            "byte 6\n"
            "expected  61 62 63 64                                     |abcd|\n"
            "received  61 62                                           |ab|\n"
            "                ^^\n");
}

TEST(Excerpt, ShowsSurplusWithoutAnExpectation) {
  EXPECT_EQ(excerpt(wrong_at(0, 0, "", "!"), 0),
            "byte 0\n"
            "received  21                                              |!|\n"
            "          ^^\n");
}

TEST(Excerpt, IsNothingWhereNothingIsKnown) { EXPECT_EQ(excerpt(wrong_at(5, 0, "", ""), 4), ""); }

/// A report may have been written by anybody.
TEST(Excerpt, PlaceOutsideOfTheBytesIsNoHarm) {
  EXPECT_FALSE(excerpt(wrong_at(5, 1'000, "abc", "abd"), 4).empty());
  EXPECT_FALSE(excerpt(wrong_at(~std::uint64_t{0}, 0, "abc", "abd"), 4).empty());
}

}  // namespace
}  // namespace weir::load
