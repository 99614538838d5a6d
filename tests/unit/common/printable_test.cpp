#include "common/printable.hpp"

#include <gtest/gtest.h>

#include <string>

namespace weir {
namespace {

TEST(Printable, TextStandsInQuotes) { EXPECT_EQ(in_quotes("grüße"), "\"grüße\""); }

TEST(Printable, WhatCannotBePrintedIsEscaped) {
  EXPECT_EQ(in_quotes(std::string_view("a\0b\n\x1b\xff", 6)), "\"a\\x00b\\x0a\\x1b\\xff\"");
}

TEST(Printable, NothingSteersATerminal) {
  EXPECT_EQ(terminal_text("grüße 😀"), "grüße 😀");
  EXPECT_EQ(terminal_text("a\033[2J\n\x7f"), "a\\x1b[2J\\x0a\\x7f");
  EXPECT_EQ(terminal_text("\u009b2J\u00a0"), "\\x9b2J\u00a0");  // C1, which terminals obey in UTF-8 too
  EXPECT_EQ(terminal_text("\xff"), "\\xff");
  EXPECT_EQ(terminal_text(std::string(300, 'a')), std::string(300, 'a'));
}

TEST(Printable, LongTextIsCutBetweenCharacters) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "ü";
  const std::string cut = in_quotes(text);
  EXPECT_LT(cut.size(), 90u);
  EXPECT_TRUE(cut.ends_with("ü…\""));
}

TEST(Printable, OnlyWellFormedCharactersHaveALength) {
  EXPECT_EQ(utf8_length("a"), 1u);
  EXPECT_EQ(utf8_length("ü"), 2u);
  EXPECT_EQ(utf8_length("€"), 3u);
  EXPECT_EQ(utf8_length("😀"), 4u);
  EXPECT_EQ(utf8_length(""), 0u);
  EXPECT_EQ(utf8_length("\xc3"), 0u);              // cut short
  EXPECT_EQ(utf8_length("\xc0\xaf"), 0u);          // overlong
  EXPECT_EQ(utf8_length("\xed\xa0\x80"), 0u);      // a surrogate
  EXPECT_EQ(utf8_length("\xf5\x80\x80\x80"), 0u);  // beyond U+10FFFF
  EXPECT_EQ(utf8_length("\x80"), 0u);
}

}  // namespace
}  // namespace weir
