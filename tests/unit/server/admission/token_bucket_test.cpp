#include "server/admission/token_bucket.hpp"

#include <gtest/gtest.h>

namespace weir {
namespace {

using std::chrono::milliseconds;

class TokenBucketTest : public testing::Test {
 protected:
  /// How many of so many that come at once may pass.
  int admitted(int tries, int at_ms) {
    int count = 0;
    for (int i = 0; i < tries; ++i) count += bucket_.admit(rate_, start_ + milliseconds(at_ms)) ? 1 : 0;
    return count;
  }

  Rate rate_{10, milliseconds(1000)};
  TokenBucket bucket_;
  const TokenBucket::Time start_ = io::Clock::now();
};

TEST_F(TokenBucketTest, LetsACountThroughAtOnce) { EXPECT_EQ(admitted(100, 0), 10); }

TEST_F(TokenBucketTest, RefillsEvenly) {
  EXPECT_EQ(admitted(100, 0), 10);
  EXPECT_EQ(admitted(100, 99), 0);
  EXPECT_EQ(admitted(100, 100), 1);
  EXPECT_EQ(admitted(100, 550), 4);
}

TEST_F(TokenBucketTest, APauseFillsItNoMoreThanFull) {
  EXPECT_EQ(admitted(100, 0), 10);
  EXPECT_EQ(admitted(100, 3'600'000), 10);
}

TEST_F(TokenBucketTest, HoldsTheRateOverALongTime) {
  int count = 0;
  for (int ms = 0; ms < 100'000; ++ms) count += admitted(1, ms);
  EXPECT_GE(count, 1000);
  EXPECT_LE(count, 1010);
}

TEST_F(TokenBucketTest, OneAnHourIsOneAnHour) {
  rate_ = {1, std::chrono::hours(1)};
  EXPECT_EQ(admitted(5, 0), 1);
  EXPECT_EQ(admitted(5, 3'599'999), 0);
  EXPECT_EQ(admitted(5, 3'600'000), 1);
}

TEST_F(TokenBucketTest, ZeroIsNoLimit) {
  rate_ = {};
  EXPECT_EQ(admitted(100'000, 0), 100'000);
}

TEST_F(TokenBucketTest, IsFullAgainOnceEverythingHasFlownBack) {
  EXPECT_LE(bucket_.full_at(), start_);
  admitted(3, 0);
  EXPECT_EQ(bucket_.full_at(), start_ + milliseconds(300));
}

}  // namespace
}  // namespace weir
