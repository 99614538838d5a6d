#include "server/session/established.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

namespace weir {
namespace {

using namespace std::chrono_literals;

constexpr auto kMoment = Established::kMoment;

class EstablishedTest : public testing::Test {
 protected:
  /// One that comes at `now` and leaves `stay` later.
  void pass_by(Established::Time now, Established::Time::duration stay) {
    const Established::Mark entered = established_.enter(now);
    established_.leave(entered, now + stay);
  }

  const Established::Time start_ = io::Clock::now();
  Established established_;
};

TEST_F(EstablishedTest, WhoStaysForAMomentIsOne) {
  EXPECT_FALSE(established_.any(start_));
  const Established::Mark entered = established_.enter(start_);
  EXPECT_NE(entered, 0u) << "zero is for those who have not entered";
  EXPECT_FALSE(established_.any(start_ + kMoment / 2));
  EXPECT_FALSE(established_.any(start_ + kMoment));
  EXPECT_TRUE(established_.any(start_ + 2 * kMoment));
  established_.leave(entered, start_ + 3 * kMoment);
  EXPECT_FALSE(established_.any(start_ + 3 * kMoment));
}

TEST_F(EstablishedTest, WhoLeavesWithinAMomentIsNone) {
  EXPECT_FALSE(established_.any(start_));
  for (int i = 1; i < 10'000; ++i) {
    const auto now = start_ + i * 1ms;
    const Established::Mark entered = established_.enter(now);
    EXPECT_FALSE(established_.any(now)) << i;
    // Some of them on the other side of an edge.
    established_.leave(entered, now + 1ms);
  }
}

TEST_F(EstablishedTest, CrowdOfPassersByDoesNotHideOneThatStays) {
  const Established::Mark entered = established_.enter(start_ + 1ms);
  for (int i = 2; i < 5000; ++i) pass_by(start_ + i * 1ms, 1ms);
  EXPECT_TRUE(established_.any(start_ + 5s));
  established_.leave(entered, start_ + 5s);
  EXPECT_FALSE(established_.any(start_ + 5s));
}

TEST_F(EstablishedTest, WhoNobodyAskedAboutIsOne) {
  const Established::Mark entered = established_.enter(start_);
  EXPECT_TRUE(established_.any(start_ + 1h)) << "at once: nobody has entered for long";
  established_.leave(entered, start_ + 2h);
  EXPECT_FALSE(established_.any(start_ + 3h));
}

TEST_F(EstablishedTest, WhoEntersAfterAPauseIsNotTakenForOneThatHasStayed) {
  const Established::Mark entered = established_.enter(start_);
  EXPECT_TRUE(established_.any(start_ + 2 * kMoment));
  established_.leave(entered, start_ + 2 * kMoment);
  const Established::Mark next = established_.enter(start_ + 2 * kMoment);
  EXPECT_FALSE(established_.any(start_ + 3 * kMoment));
  EXPECT_TRUE(established_.any(start_ + 4 * kMoment));
  established_.leave(next, start_ + 10 * kMoment);
  EXPECT_FALSE(established_.any(start_ + 20 * kMoment));
}

/// Whoever comes and goes whenever, none of them is counted where it has left.
TEST_F(EstablishedTest, EveryoneIsCountedOnce) {
  std::minstd_rand random(7);
  std::vector<std::pair<Established::Time, Established::Mark>> inside;
  Established::Time now = start_;
  for (int i = 0; i < 20'000; ++i) {
    now += std::chrono::milliseconds(random() % 8 == 0 ? random() % 1000 : random() % 25);
    if (inside.size() < 5 && random() % 2 == 0) {
      inside.emplace_back(now, established_.enter(now));
    } else if (!inside.empty()) {
      const auto one = inside.begin() + static_cast<std::ptrdiff_t>(random() % inside.size());
      established_.leave(one->second, now);
      inside.erase(one);
    }
    const auto some_for = [&](auto time) {
      return std::any_of(inside.begin(), inside.end(), [&](const auto& one) { return now - one.first >= time; });
    };
    const bool any = established_.any(now);
    ASSERT_TRUE(some_for(3 * kMoment) ? any : some_for(kMoment) || !any) << i;
  }
}

}  // namespace
}  // namespace weir
