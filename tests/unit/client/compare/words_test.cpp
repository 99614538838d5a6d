#include "client/compare/words.hpp"

#include <gtest/gtest.h>

namespace weir::load {
namespace {

TEST(CompareWords, ChangesHaveASignAndFewDigits) {
  EXPECT_EQ(signed_percent(0.0981), "+9.8 %");
  EXPECT_EQ(signed_percent(-0.003), "-0.3 %");
  EXPECT_EQ(signed_percent(0.0003), "0.0 %") << "no sign where nothing is seen";
  EXPECT_EQ(signed_percent(1.204), "+120 %");
  EXPECT_EQ(signed_percent(50), ">+999 %");
  EXPECT_EQ(range_of_changes(-0.001, 0.115), "-0.1 to +12 %");
}

TEST(CompareWords, TimesHaveASignAndAUnit) {
  EXPECT_EQ(signed_duration(2e6), "+2.00 ms");
  EXPECT_EQ(signed_duration(-34e3), "-34.0 us");
  EXPECT_EQ(range_of_times(-1e3, 1.3e6), "-1.00 us to +1.30 ms");
}

}  // namespace
}  // namespace weir::load
