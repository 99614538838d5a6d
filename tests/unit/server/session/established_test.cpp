#include "server/session/established.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace weir {
namespace {

using namespace std::chrono_literals;

class EstablishedTest : public testing::Test {
 protected:
  const Established::Time start_ = io::Clock::now();
  Established established_;
};

TEST_F(EstablishedTest, WhoStaysForAMomentIsOne) {
  EXPECT_FALSE(established_.any(start_));
  established_.enter(start_, start_);
  EXPECT_FALSE(established_.any(start_ + 500ms));
  EXPECT_FALSE(established_.any(start_ + 1s));
  EXPECT_TRUE(established_.any(start_ + 2s));
  established_.leave(start_, start_ + 3s);
  EXPECT_FALSE(established_.any(start_ + 3s));
}

TEST_F(EstablishedTest, WhoLeavesWithinAMomentIsNone) {
  EXPECT_FALSE(established_.any(start_));
  for (int i = 1; i < 10'000; ++i) {
    const auto began = start_ + i * 1ms;
    established_.enter(began, began);
    EXPECT_FALSE(established_.any(began)) << i;
    // Some of them on the other side of an edge.
    established_.leave(began, began + 1ms);
  }
}

TEST_F(EstablishedTest, CrowdOfPassersByDoesNotHideOneThatStays) {
  established_.enter(start_ + 1ms, start_ + 1ms);
  for (int i = 2; i < 5000; ++i) {
    const auto began = start_ + i * 1ms;
    established_.enter(began, began);
    established_.leave(began, began + 1ms);
  }
  EXPECT_TRUE(established_.any(start_ + 5s));
  established_.leave(start_ + 1ms, start_ + 5s);
  EXPECT_FALSE(established_.any(start_ + 5s));
}

TEST_F(EstablishedTest, WhoNobodyAskedAboutIsOne) {
  established_.enter(start_, start_);
  EXPECT_TRUE(established_.any(start_ + 1h));
  established_.leave(start_, start_ + 2h);
  EXPECT_FALSE(established_.any(start_ + 3h));
}

/// Whoever comes and goes whenever, none of them is counted where it has left.
TEST_F(EstablishedTest, EveryoneIsCountedOnce) {
  std::minstd_rand random(7);
  std::vector<Established::Time> inside;
  Established::Time now = start_;
  for (int i = 0; i < 20'000; ++i) {
    now += std::chrono::milliseconds(random() % 8 == 0 ? random() % 4000 : random() % 100);
    if (inside.size() < 5 && random() % 2 == 0) {
      inside.push_back(now - std::chrono::milliseconds(random() % 3 == 0 ? random() % 4000 : 0));
      established_.enter(inside.back(), now);
    } else if (!inside.empty()) {
      established_.leave(inside.front(), now);
      inside.erase(inside.begin());
    }
    const bool old =
        std::any_of(inside.begin(), inside.end(), [&](auto began) { return now - began >= 3 * Established::kMoment; });
    const bool perhaps =
        std::any_of(inside.begin(), inside.end(), [&](auto began) { return now - began >= Established::kMoment; });
    const bool any = established_.any(now);
    ASSERT_TRUE(old ? any : perhaps || !any) << i;
  }
}

TEST_F(EstablishedTest, WhoTookLongToCarryIsOneAtOnce) {
  EXPECT_FALSE(established_.any(start_ + 5s));
  established_.enter(start_, start_ + 5s);
  EXPECT_TRUE(established_.any(start_ + 5s));
  established_.leave(start_, start_ + 5s);
  EXPECT_FALSE(established_.any(start_ + 5s));
}

TEST_F(EstablishedTest, WhoBeganInTheTurnOfAnEdgeIsCountedOnce) {
  EXPECT_FALSE(established_.any(start_ + 3s));  // an edge
  established_.enter(start_ + 3s, start_ + 3s);
  established_.leave(start_ + 3s, start_ + 10s);
  EXPECT_FALSE(established_.any(start_ + 20s));
}

}  // namespace
}  // namespace weir
