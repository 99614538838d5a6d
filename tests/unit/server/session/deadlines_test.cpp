#include "server/session/deadlines.hpp"

#include <gtest/gtest.h>

namespace weir {
namespace {

using std::chrono::milliseconds;

const Deadlines::Time kStart = io::Clock::now();

TEST(Deadlines, AConnectionStreamsFor100MillisecondsAfterAByteMoved) {
  const TimeoutsConfig timeouts;
  Deadlines deadlines(timeouts, kStart);
  deadlines.touch(kStart + milliseconds(1000));
  EXPECT_TRUE(deadlines.streaming(kStart + milliseconds(1000)));
  EXPECT_TRUE(deadlines.streaming(kStart + milliseconds(1099)));
  EXPECT_FALSE(deadlines.streaming(kStart + milliseconds(1100)));
}

TEST(Deadlines, AConnectionThatHasJustBegunDoesNotStream) {
  const TimeoutsConfig timeouts;
  const Deadlines deadlines(timeouts, kStart);
  EXPECT_FALSE(deadlines.streaming(kStart));
  EXPECT_FALSE(deadlines.streaming(kStart + milliseconds(50)));
}

}  // namespace
}  // namespace weir
