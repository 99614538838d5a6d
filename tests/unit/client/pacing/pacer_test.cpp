#include "client/pacing/pacer.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

#include "tests/support/wait_until.hpp"

namespace weir::load {
namespace {

using io::Clock;
using std::chrono::milliseconds;

constexpr std::uint8_t kKind = 1;

void rethrow(std::exception_ptr failure) {
  if (failure) std::rethrow_exception(failure);
}

/// A loop with a pacer and coroutines that wait for it. A run that hangs ends, and fails.
class PacerTest : public testing::Test {
 protected:
  struct Wake {
    int who;
    Clock::time_point due;
    Clock::time_point at;
  };

  PacerTest() { loop_.spawn(pacer_.run(kKind), rethrow); }

  /// A coroutine that sleeps until each of the times in turn and notes when it was woken.
  net::awaitable<void> sleep_through(int who, std::vector<Clock::time_point> times) {
    const io::SlotPtr slot = loop_.acquire(kKind);
    for (const Clock::time_point due : times) {
      pacer_.wake_at(*slot, due);
      co_await slot->wait();
      wakes_.push_back({who, due, Clock::now()});
    }
    if (--sleepers_ == 0) loop_.stop();
  }
  void spawn_sleeper(int who, std::vector<Clock::time_point> times) {
    ++sleepers_;
    loop_.spawn(sleep_through(who, std::move(times)), rethrow);
  }
  /// Runs until the loop is stopped.
  void run() {
    loop_.spawn(end_a_hang(), rethrow);
    loop_.run();
    EXPECT_FALSE(hung_);
  }
  std::vector<int> order() const {
    std::vector<int> order;
    for (const Wake& wake : wakes_) order.push_back(wake.who);
    return order;
  }

  io::EventLoop loop_;
  Pacer pacer_{loop_};
  std::vector<Wake> wakes_;
  int sleepers_ = 0;

 private:
  net::awaitable<void> end_a_hang() {
    const io::SlotPtr slot = loop_.acquire(kKind + 1);
    slot->set_deadline(Clock::now() + test::kHang);
    while (!slot->timer_fired()) co_await slot->wait();
    hung_ = true;
    loop_.stop();
  }

  bool hung_ = false;
};

TEST_F(PacerTest, WakesNobodyEarlyAndEachInTheOrderOfTheirTimes) {
  const Clock::time_point now = Clock::now();
  const auto in = [now](int ms) { return now + milliseconds(ms); };
  spawn_sleeper(3, {in(30)});
  spawn_sleeper(1, {in(10)});
  spawn_sleeper(2, {in(20)});
  run();
  EXPECT_EQ(order(), (std::vector{1, 2, 3}));
  for (const Wake& wake : wakes_) EXPECT_GE(wake.at, wake.due) << wake.who;
}

TEST_F(PacerTest, ServesManyTimesOneAfterTheOther) {
  const Clock::time_point now = Clock::now();
  for (int who = 0; who < 4; ++who) {
    std::vector<Clock::time_point> times;
    for (int i = 0; i < 100; ++i) times.push_back(now + std::chrono::microseconds(200 * i + 50 * who));
    spawn_sleeper(who, times);
  }
  run();
  ASSERT_EQ(wakes_.size(), 400u);
  for (const Wake& wake : wakes_) ASSERT_GE(wake.at, wake.due) << wake.who;
}

TEST_F(PacerTest, TimesInThePastWakeAtOnce) {
  spawn_sleeper(1, {Clock::now() - milliseconds(10), Clock::time_point(milliseconds(0))});
  run();
  EXPECT_EQ(wakes_.size(), 2u);
}

/// The timer is set for the later time when the earlier one is asked for.
TEST_F(PacerTest, EarlierTimeThatIsAskedForWithinATurnComesFirst) {
  const Clock::time_point now = Clock::now();
  spawn_sleeper(1, {now + std::chrono::hours(1)});
  spawn_sleeper(2, {now + milliseconds(5), now + milliseconds(10)});
  sleepers_ = 1;  // the other one would sleep for an hour
  run();
  EXPECT_EQ(order(), (std::vector{2, 2}));
}

TEST_F(PacerTest, ReleasedSlotIsNotWokenNorIsTheOneThatCameInItsPlace) {
  const Clock::time_point now = Clock::now();
  {
    const io::SlotPtr released = loop_.acquire(kKind);
    pacer_.wake_at(*released, now + milliseconds(5));
  }
  spawn_sleeper(1, {now + milliseconds(20)});
  run();
  ASSERT_EQ(order(), std::vector{1});
  EXPECT_GE(wakes_[0].at, wakes_[0].due);
}

/// Asks at a pacer as PacedWait does, and counts how often it is woken until another coroutine's time has come.
class PacedWaitTest : public PacerTest {
 protected:
  net::awaitable<void> ask(std::vector<Clock::time_point> times) {
    const io::SlotPtr slot = loop_.acquire(kKind);
    PacedWait paced;
    for (const Clock::time_point due : times) paced.until(pacer_, *slot, due, Clock::now());
    for (;;) {
      co_await slot->wait();
      ++woken_;
    }
  }
  int wakes_for(std::vector<Clock::time_point> times, Clock::time_point until) {
    loop_.spawn(ask(std::move(times)), rethrow);
    spawn_sleeper(1, {until});
    run();
    return woken_;
  }

 private:
  int woken_ = 0;
};

TEST_F(PacedWaitTest, AsksOnceForOneTimeAndForLaterOnes) {
  const Clock::time_point now = Clock::now();
  const Clock::time_point first = now + milliseconds(50);
  EXPECT_EQ(wakes_for({first, first, first + milliseconds(20), first}, first + milliseconds(60)), 1);
}

TEST_F(PacedWaitTest, AsksAnewForAnEarlierTime) {
  const Clock::time_point now = Clock::now();
  const Clock::time_point later = now + milliseconds(60);
  EXPECT_EQ(wakes_for({later, later - milliseconds(30)}, later + milliseconds(20)), 2);
}

}  // namespace
}  // namespace weir::load
