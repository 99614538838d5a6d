#include "server/session/stream_detector.hpp"

#include <gtest/gtest.h>

namespace weir {
namespace {

constexpr std::size_t kRoom = 64 * 1024;
constexpr std::size_t kLarge = StreamDetector::kSmall;

StreamDetector streaming() {
  StreamDetector detector;
  detector.copied(kRoom, kRoom);
  detector.copied(kRoom, kRoom);
  return detector;
}

TEST(StreamDetector, TwoFullReadsInARowAreAStream) {
  StreamDetector detector;
  EXPECT_FALSE(detector.streams());
  detector.copied(kRoom, kRoom);
  EXPECT_FALSE(detector.streams());
  detector.copied(kRoom, kRoom);
  EXPECT_TRUE(detector.streams());
}

TEST(StreamDetector, ShortReadBeginsTheCountAnew) {
  StreamDetector detector;
  detector.copied(kRoom, kRoom);
  detector.copied(kRoom - 1, kRoom);
  detector.copied(kRoom, kRoom);
  EXPECT_FALSE(detector.streams());
}

TEST(StreamDetector, SmallFillsInARowEndAStream) {
  StreamDetector detector = streaming();
  for (int i = 0; i < StreamDetector::kSmallFills; ++i) detector.spliced(kLarge - 1);
  EXPECT_TRUE(detector.streams());
  detector.spliced(kLarge - 1);
  EXPECT_FALSE(detector.streams());
}

TEST(StreamDetector, LargeFillForgivesTheSmallOnesBefore) {
  StreamDetector detector = streaming();
  for (int i = 0; i < StreamDetector::kSmallFills; ++i) detector.spliced(1);
  detector.spliced(kLarge);
  for (int i = 0; i < StreamDetector::kSmallFills; ++i) detector.spliced(1);
  EXPECT_TRUE(detector.streams());
}

TEST(StreamDetector, AStreamThatEndedCanBeginAgain) {
  StreamDetector detector = streaming();
  for (int i = 0; i <= StreamDetector::kSmallFills; ++i) detector.spliced(1);
  detector.copied(kRoom, kRoom);
  EXPECT_FALSE(detector.streams());
  detector.copied(kRoom, kRoom);
  EXPECT_TRUE(detector.streams());
}

}  // namespace
}  // namespace weir
