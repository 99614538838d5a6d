#include "client/compare/regression_limit.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace weir::load {
namespace {

using namespace std::chrono_literals;

TEST(RegressionLimit, IsAShareOrATime) {
  const auto limits = parse_regression_limits("p99=10%,p50=200us,rate=5%");
  ASSERT_EQ(limits.size(), 3u);
  EXPECT_EQ(limits[0].name, "p99");
  EXPECT_DOUBLE_EQ(limits[0].percent, 99);
  EXPECT_DOUBLE_EQ(limits[0].share, 0.1);
  EXPECT_FALSE(limits[0].time);
  EXPECT_EQ(limits[1].time, 200us);
  EXPECT_EQ(limits[2].what, RegressionLimit::What::rate);
  EXPECT_EQ(limits[2].text, "rate=5%");
}

TEST(RegressionLimit, MayBeOfErrorsAndOfWrongReplies) {
  const auto limits = parse_regression_limits("errors=0.1%,wrong=0");
  ASSERT_EQ(limits.size(), 2u);
  EXPECT_EQ(limits[0].what, RegressionLimit::What::errors);
  EXPECT_DOUBLE_EQ(limits[0].share, 0.001);
  EXPECT_FALSE(limits[0].is_of_difference());
  EXPECT_EQ(limits[1].what, RegressionLimit::What::wrong);
  EXPECT_EQ(limits[1].number, 0u);
}

TEST(RegressionLimit, RefusesWhatCouldNeverBeExceeded) {
  for (const char* text : {"rate=100%", "rate=200%", "errors=101%"}) {
    EXPECT_THROW(parse_regression_limits(text), std::invalid_argument) << text;
  }
}

TEST(RegressionLimit, RefusesWhatIsNone) {
  for (const char* text :
       {"", "p99", "p99=", "p99=10", "rate=5ms", "errors=1", "errors=1ms", "wrong=1%", "p101=1%", "p99=10%,", "=1%"}) {
    EXPECT_THROW(parse_regression_limits(text), std::invalid_argument) << text;
  }
}

}  // namespace
}  // namespace weir::load
