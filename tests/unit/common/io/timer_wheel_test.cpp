#include "common/io/timer_wheel.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <random>

namespace weir::io {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;

const Clock::time_point kStart{seconds(1000)};

struct Timer : TimerWheel::Node {
  Clock::time_point due{};
  Clock::time_point fired{};
  int times = 0;
};

class TimerWheelTest : public testing::Test {
 protected:
  /// Cancels what is left, because a node must not go while it is queued.
  ~TimerWheelTest() override {
    for (Timer& timer : timers_) wheel_.cancel(timer);
  }

  Timer& schedule(Clock::duration after) {
    Timer& timer = timers_.emplace_back();
    timer.due = now_ + after;
    wheel_.schedule(timer, timer.due);
    return timer;
  }

  void advance(Clock::time_point now) {
    now_ = now;
    wheel_.advance(now_, [this](TimerWheel::Node& node) {
      Timer& timer = static_cast<Timer&>(node);
      timer.fired = now_;
      ++timer.times;
    });
  }

  /// As a thread does that looks at the clock every millisecond.
  void pass(Clock::duration time) {
    for (const Clock::time_point end = now_ + time; now_ < end;) advance(now_ + milliseconds(1));
  }

  static void expect_on_time(const Timer& timer) {
    EXPECT_EQ(timer.times, 1);
    EXPECT_GE(timer.fired, timer.due) << "early";
    EXPECT_LE(timer.fired - timer.due, TimerWheel::kTick) << "late";
  }

  Clock::time_point now_ = kStart;
  TimerWheel wheel_{kStart};
  std::deque<Timer> timers_;
};

TEST_F(TimerWheelTest, FiresNeverEarlyAndAtMostATickLate) {
  for (int ms = 1; ms < 1000; ms += 7) schedule(milliseconds(ms));
  for (const int tick : {1, 2, 19}) {
    schedule(tick * TimerWheel::kTick - nanoseconds(1));
    schedule(tick * TimerWheel::kTick);
    schedule(tick * TimerWheel::kTick + nanoseconds(1));
  }
  pass(seconds(2));
  for (const Timer& timer : timers_) expect_on_time(timer);
  EXPECT_TRUE(wheel_.empty());
}

TEST_F(TimerWheelTest, DeadlineBeyondTheHorizonFiresOnTimeToo) {
  constexpr auto kHorizon = TimerWheel::kBuckets * TimerWheel::kTick;
  for (const auto beside : {-TimerWheel::kTick, milliseconds(0), TimerWheel::kTick}) schedule(kHorizon + beside);
  schedule(minutes(2));
  pass(minutes(2) + TimerWheel::kTick);
  for (const Timer& timer : timers_) expect_on_time(timer);
}

TEST_F(TimerWheelTest, DeadlineThatMovesBackFiresOnceWhenTheLastOneIsDue) {
  Timer& timer = schedule(milliseconds(100));
  for (int i = 0; i < 50; ++i) {
    pass(milliseconds(90));
    wheel_.schedule(timer, timer.due = now_ + milliseconds(100));
  }
  EXPECT_EQ(timer.times, 0);
  pass(seconds(1));
  expect_on_time(timer);
}

TEST_F(TimerWheelTest, DeadlineThatMovesForwardFiresAtTheEarlierTime) {
  Timer& timer = schedule(seconds(20));
  wheel_.schedule(timer, timer.due = now_ + milliseconds(200));
  pass(seconds(21));
  expect_on_time(timer);
}

TEST_F(TimerWheelTest, CancelledNodeNeverFires) {
  Timer& cancelled = schedule(milliseconds(100));
  Timer& neighbour = schedule(milliseconds(100));
  wheel_.cancel(cancelled);
  EXPECT_FALSE(cancelled.scheduled());
  wheel_.cancel(cancelled);
  pass(seconds(1));
  EXPECT_EQ(cancelled.times, 0);
  expect_on_time(neighbour);
}

TEST_F(TimerWheelTest, NodeMayBeScheduledAgainWhileItFires) {
  Timer& timer = schedule(milliseconds(10));
  int times = 0;
  for (int ms = 0; ms < 1000; ++ms) {
    now_ += milliseconds(1);
    wheel_.advance(now_, [&](TimerWheel::Node& node) {
      ++times;
      EXPECT_FALSE(node.scheduled());
      wheel_.schedule(node, now_);  // at once is no sooner than the next tick: it cannot hold the loop
    });
  }
  EXPECT_GE(times, 10);
  EXPECT_LE(times, 20);
  wheel_.cancel(timer);
}

TEST_F(TimerWheelTest, AsksForNoWakeUpWithoutNodes) {
  EXPECT_LT(wheel_.until_next(now_).count(), 0);
  Timer& timer = schedule(seconds(1));
  EXPECT_GT(wheel_.until_next(now_).count(), 0);
  wheel_.cancel(timer);
  EXPECT_LT(wheel_.until_next(now_).count(), 0);
}

TEST_F(TimerWheelTest, WakeUpIsThatOfTheNearestNodeInWhateverOrderTheyCame) {
  schedule(seconds(5));
  Timer& near = schedule(milliseconds(500));
  schedule(seconds(9));
  EXPECT_GE(wheel_.until_next(now_), milliseconds(500));
  EXPECT_LE(wheel_.until_next(now_), milliseconds(550));
  advance(now_ + milliseconds(540));
  expect_on_time(near);
  EXPECT_GE(wheel_.until_next(now_), milliseconds(4460));
  EXPECT_LE(wheel_.until_next(now_), milliseconds(4510));
}

TEST_F(TimerWheelTest, OverdueNodeAllowsNoWait) {
  schedule(milliseconds(500));
  EXPECT_EQ(wheel_.until_next(now_ + seconds(1)), milliseconds(0));
}

TEST_F(TimerWheelTest, IsOnTimeAfterAPauseInWhichItWasEmpty) {
  advance(now_ + minutes(10));
  Timer& timer = schedule(milliseconds(30));
  pass(seconds(1));
  expect_on_time(timer);
}

/// Whoever sleeps as long as it is allowed to, over and over, misses nothing.
TEST_F(TimerWheelTest, SleepingAsLongAsItSaysIsOnTimeForAll) {
  std::mt19937 random(7);
  for (int i = 0; i < 2000; ++i) {
    schedule(milliseconds(random() % 60'000));
    if (i % 3 == 0) wheel_.cancel(timers_[random() % timers_.size()]);
    if (i % 2 == 0) advance(now_ + std::min(wheel_.until_next(now_), milliseconds(random() % 100)));
  }
  while (!wheel_.empty()) advance(now_ + wheel_.until_next(now_));
  for (const Timer& timer : timers_) {
    if (timer.times != 0) expect_on_time(timer);
  }
}

}  // namespace
}  // namespace weir::io
