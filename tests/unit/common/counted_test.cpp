#include "common/counted.hpp"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(Counted, LongNumbersAreGrouped) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1'000), "1,000");
  EXPECT_EQ(grouped(1'234'567), "1,234,567");
}

TEST(Counted, OneIsNoPlural) {
  EXPECT_EQ(counted(0, "listener"), "0 listeners");
  EXPECT_EQ(counted(1, "listener"), "1 listener");
  EXPECT_EQ(counted(1'200, "listener"), "1,200 listeners");
}

}  // namespace
}  // namespace weir
