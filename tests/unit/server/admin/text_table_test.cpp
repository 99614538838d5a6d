#include "server/admin/text_table.hpp"

#include <gtest/gtest.h>

namespace weir::admin {
namespace {

using Kind = TextTable::Kind;
using Fit = TextTable::Fit;

TextTable sample() {
  TextTable table({{"NAME", Kind::text, Fit::shrinks}, {"COUNT", Kind::number}, {"MORE", Kind::text, Fit::optional}});
  table.add({"a", "1", "x"});
  table.add({"a-rather-long-name", "1234567", "y"});
  return table;
}

TEST(TextTable, AlignsTextLeftAndNumbersRight) {
  EXPECT_EQ(sample().to_string({}),
            "NAME                  COUNT  MORE\n"
            "a                         1  x\n"
            "a-rather-long-name  1234567  y\n");
}

TEST(TextTable, LeavesOptionalColumnsOutFirst) {
  EXPECT_EQ(sample().to_string({.width = 28}),
            "NAME                  COUNT\n"
            "a                         1\n"
            "a-rather-long-name  1234567\n");
}

TEST(TextTable, ThenShortensWhatMayShrink) {
  EXPECT_EQ(sample().to_string({.width = 20}),
            "NAME           COUNT\n"
            "a                  1\n"
            "a-rather-l…  1234567\n");
  EXPECT_EQ(sample().to_string({.width = 5}),
            "NAME        COUNT\n"
            "a               1\n"
            "a-rathe…  1234567\n");
}

TEST(TextTable, ColoursTakeNoRoom) {
  TextTable table({{"A"}, {"B"}});
  table.add({{"bad", Colour::red}, "x"});
  EXPECT_EQ(table.to_string({}), "A    B\nbad  x\n");
  EXPECT_EQ(table.to_string({.colours = true}), "\033[2mA\033[0m    \033[2mB\033[0m\n\033[31mbad\033[0m  x\n");
}

TEST(TextTable, HasNoColumnForNothing) {
  TextTable table({{"A"}, {""}, {"B"}});
  table.add({"1", "", "2"});
  EXPECT_EQ(table.to_string({}), "A  B\n1  2\n");
  table.add({"3", "!", "4"});
  EXPECT_EQ(table.to_string({}), "A     B\n1     2\n3  !  4\n");
}

TEST(TextTable, CountsCharactersAndNotBytes) {
  TextTable table({{"A"}, {"B"}});
  table.add({"grün", "x"});
  EXPECT_EQ(table.to_string({}), "A     B\ngrün  x\n");
}

TEST(TerminalStyle, ShortensBetweenCharacters) {
  EXPECT_EQ(shortened("grün", 4), "grün");
  EXPECT_EQ(shortened("grüner", 4), "grü…");
  EXPECT_EQ(shortened("abc", 1), "…");
  EXPECT_EQ(shortened("abc", 0), "");
}

TEST(TerminalStyle, BreaksParagraphsBetweenWords) {
  EXPECT_EQ(paragraph("one two three four", Colour::none, {.width = 12}), "one two\n  three four\n");
  EXPECT_EQ(paragraph("averyverylongword b", Colour::none, {.width = 5}), "averyverylongword\n  b\n");
  EXPECT_EQ(paragraph("a b", Colour::red, {.width = 80, .colours = true}), "\033[31ma b\033[0m\n");
}

}  // namespace
}  // namespace weir::admin
