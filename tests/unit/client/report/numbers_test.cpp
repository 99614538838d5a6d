#include "client/report/numbers.hpp"

#include <gtest/gtest.h>

namespace weir::load {
namespace {

TEST(Numbers, RatesHaveThreeDigitsOrAllWholeOnes) {
  EXPECT_EQ(display_rate(0.5), "0.50");
  EXPECT_EQ(display_rate(9.99), "9.99");
  EXPECT_EQ(display_rate(9.996), "10.0");
  EXPECT_EQ(display_rate(12.34), "12.3");
  EXPECT_EQ(display_rate(99.96), "100");
  EXPECT_EQ(display_rate(61'234.4), "61,234");
}

TEST(Numbers, BarsAreFilledInEighths) {
  EXPECT_EQ(bar(0.5, 4), "██  ");
  EXPECT_EQ(bar(1, 2), "██");
  EXPECT_EQ(bar(0.0625, 2), "▏ ");
  EXPECT_EQ(bar(-1, 2), "  ");
  EXPECT_EQ(bar(2, 2), "██");
}

TEST(Numbers, StandOnTheRight) {
  EXPECT_EQ(right("abc", 5), "  abc");
  EXPECT_EQ(right("abcdef", 5), "abcdef");
}

TEST(Numbers, SharesArePercent) {
  EXPECT_EQ(plain_percent(0.05), "5 %");
  EXPECT_EQ(plain_percent(0.005), "0.5 %");
  EXPECT_EQ(plain_percent(0.000123456), "0.0123 %");
  EXPECT_EQ(plain_percent(1), "100 %");
  EXPECT_EQ(display_percent(0.1249), "12 %");
  EXPECT_EQ(display_percent(0), "0 %");
}

}  // namespace
}  // namespace weir::load
