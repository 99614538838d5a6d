#include "server/upstream/ejection.hpp"

#include <gtest/gtest.h>

namespace weir {
namespace {

using std::chrono::seconds;

constexpr EjectConfig kConfig{3, seconds(10)};

Ejection::Time at(int second) { return Ejection::Time(seconds(1000 + second)); }

TEST(Ejection, ComesAfterSoManyFailuresInARow) {
  Ejection ejection;
  EXPECT_FALSE(ejection.failed(kConfig, at(0), true));
  EXPECT_FALSE(ejection.failed(kConfig, at(1), true));
  EXPECT_FALSE(ejection.is_ejected(at(1)));
  EXPECT_TRUE(ejection.failed(kConfig, at(2), true));
  EXPECT_TRUE(ejection.is_ejected(at(2)));
  EXPECT_TRUE(ejection.is_ejected(at(11)));
  EXPECT_FALSE(ejection.is_ejected(at(12)));
}

TEST(Ejection, SuccessBreaksTheRow) {
  Ejection ejection;
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(ejection.failed(kConfig, at(i), true));
    EXPECT_FALSE(ejection.failed(kConfig, at(i), true));
    ejection.succeeded();
  }
}

TEST(Ejection, LastsTwiceAsLongEachTimeUpToABound) {
  Ejection ejection;
  int now = 0;
  for (int i = 0; i < 3; ++i) ejection.failed(kConfig, at(now), true);
  for (const int length : {10, 20, 40, 80, 160, 320, 320, 320}) {
    EXPECT_EQ(ejection.until(), at(now + length));
    now += length;
    EXPECT_TRUE(ejection.failed(kConfig, at(now), true)) << "one failure is enough once it is back";
  }
  ejection.succeeded();
  for (int i = 0; i < 2; ++i) EXPECT_FALSE(ejection.failed(kConfig, at(now), true));
  EXPECT_TRUE(ejection.failed(kConfig, at(now), true));
  EXPECT_EQ(ejection.until(), at(now + 10));
}

TEST(Ejection, AttemptsThatWereOnTheirWayDoNotProlongIt) {
  Ejection ejection;
  for (int i = 0; i < 50; ++i) ejection.failed(kConfig, at(0), true);
  EXPECT_EQ(ejection.until(), at(10));
}

TEST(Ejection, IsPutOffWhileItMayNotBe) {
  Ejection ejection;
  for (int i = 0; i < 50; ++i) EXPECT_FALSE(ejection.failed(kConfig, at(i), false));
  EXPECT_FALSE(ejection.is_ejected(at(50)));
  EXPECT_TRUE(ejection.failed(kConfig, at(50), true));
}

TEST(Ejection, OfZeroFailuresNeverComes) {
  Ejection ejection;
  for (int i = 0; i < 50; ++i) EXPECT_FALSE(ejection.failed({0, seconds(10)}, at(i), true));
}

}  // namespace
}  // namespace weir
