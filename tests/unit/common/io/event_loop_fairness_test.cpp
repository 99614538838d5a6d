#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <vector>

#include "common/io/event_loop.hpp"

/// How long somebody waits for a turn while others always have more to do: in turns of those others, not in time.
namespace weir::io {
namespace {

/// What EventLoop promises: so many events a turn, and of those who are ready so many again.
constexpr std::size_t kPromised = 64;

/// Ends a test whose promise is broken instead of letting it run for ever.
constexpr std::size_t kTooMany = 1'000'000;

void rethrow(std::exception_ptr failure) {
  if (failure) std::rethrow_exception(failure);
}

/// Coroutines on one loop, and in which order they had their turns.
struct Crowd {
  EventLoop loop;
  std::vector<std::size_t> turns;  ///< who, one after the other
  bool over = false;

  void note(std::size_t who) {
    turns.push_back(who);
    if (turns.size() > kTooMany) over = true;
  }
  void end() {
    over = true;
    loop.stop();
  }
};

/// Always has more to do.
net::awaitable<void> work(Crowd& crowd, std::size_t who) {
  const SlotPtr slot = crowd.loop.acquire(1);
  while (!crowd.over) {
    crowd.note(who);
    co_await slot->yield();
  }
  crowd.loop.stop();
}

/// A socket that is readable from the next turn on once ring() was called.
class Bell {
 public:
  Bell() {
    int fds[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    near_ = Descriptor(fds[0]);
    far_ = Descriptor(fds[1]);
  }
  int fd() const { return near_.get(); }
  void ring() const { EXPECT_EQ(::write(far_.get(), "!", 1), 1); }

 private:
  Descriptor near_;
  Descriptor far_;
};

constexpr std::size_t kListener = ~std::size_t{0};

/// Rings for itself from the crowd's midst, waits for the event as a socket does, and ends the crowd.
net::awaitable<void> wait_for_the_bell(Crowd& crowd, const Bell& bell, std::size_t after, std::size_t& rung_at) {
  const SlotPtr slot = crowd.loop.acquire(1);
  EXPECT_TRUE(slot->watch(Side::first, bell.fd()));
  for (std::size_t tries = 0; crowd.turns.size() < after && tries < kTooMany; ++tries) co_await slot->yield();
  slot->forget(Side::first);
  rung_at = crowd.turns.size();
  bell.ring();
  while (!slot->readable(Side::first)) co_await slot->wait();
  crowd.note(kListener);
  crowd.end();
}

TEST(EventLoopFairness, AnEventGetsItsTurnAfterOneOfEachWhoWasReadyBefore) {
  for (const std::size_t others : {1, 10, 1000}) {
    Crowd crowd;
    const Bell bell;
    std::size_t rung_at = 0;
    for (std::size_t who = 0; who < others; ++who) crowd.loop.spawn(work(crowd, who), rethrow);
    crowd.loop.spawn(wait_for_the_bell(crowd, bell, 3 * others, rung_at), rethrow);
    crowd.loop.run();
    ASSERT_EQ(crowd.turns.back(), kListener) << "it never came";
    // What is left of the turn in which it rang, and then everybody who stands before it.
    EXPECT_LE(crowd.turns.size() - 1 - rung_at, others + 2 * kPromised) << others;
    for (std::size_t who = 0; who < others; ++who) {
      EXPECT_LE(std::count(crowd.turns.begin() + static_cast<std::ptrdiff_t>(rung_at), crowd.turns.end(), who),
                static_cast<std::ptrdiff_t>(others < 2 * kPromised ? 3 : 2))
          << who;
    }
  }
}

TEST(EventLoopFairness, ThoseWhoAreReadyTakeTurnsInTheOrderInWhichTheyCame) {
  constexpr std::size_t kOthers = 300;
  Crowd crowd;
  const Bell bell;
  std::size_t rung_at = 0;
  for (std::size_t who = 0; who < kOthers; ++who) crowd.loop.spawn(work(crowd, who), rethrow);
  crowd.loop.spawn(wait_for_the_bell(crowd, bell, 20 * kOthers, rung_at), rethrow);
  crowd.loop.run();
  for (std::size_t i = kOthers; i < rung_at; ++i) ASSERT_EQ(crowd.turns[i], crowd.turns[i - kOthers]) << i;
}

/// One of many whose sockets are all readable at once.
net::awaitable<void> answer(Crowd& crowd, const Bell& bell, std::size_t who, std::size_t& answered) {
  const SlotPtr slot = crowd.loop.acquire(1);
  EXPECT_TRUE(slot->watch(Side::first, bell.fd()));
  while (!slot->readable(Side::first)) co_await slot->wait();
  crowd.note(who);
  ++answered;
}

net::awaitable<void> work_beside(Crowd& crowd, std::size_t who, std::size_t& answered, std::size_t all) {
  const SlotPtr slot = crowd.loop.acquire(1);
  while (answered < all && !crowd.over) {
    crowd.note(who);
    co_await slot->yield();
  }
  crowd.end();
}

TEST(EventLoopFairness, AFloodOfEventsLetsOthersHaveATurnEverySixtyFour) {
  constexpr std::size_t kMany = 1000;
  constexpr std::size_t kWorker = kMany;
  Crowd crowd;
  std::size_t answered = 0;
  const std::deque<Bell> bells(kMany);
  for (std::size_t who = 0; who < kMany; ++who) {
    bells[who].ring();
    crowd.loop.spawn(answer(crowd, bells[who], who, answered), rethrow);
  }
  crowd.loop.spawn(work_beside(crowd, kWorker, answered, kMany), rethrow);
  crowd.loop.run();
  EXPECT_EQ(answered, kMany);
  std::size_t between = 0;
  for (const std::size_t who : crowd.turns) {
    between = who == kWorker ? 0 : between + 1;
    ASSERT_LE(between, kPromised);
  }
}

net::awaitable<void> work_beside_posted(Crowd& crowd, std::size_t who, const std::size_t& posted, std::size_t all) {
  const SlotPtr slot = crowd.loop.acquire(1);
  while (posted < all && !crowd.over) {
    crowd.note(who);
    co_await slot->yield();
  }
  crowd.end();
}

TEST(EventLoopFairness, ACrowdOfPostedFunctionsLetsOthersHaveTurnsInBetween) {
  constexpr std::size_t kMany = 400;
  constexpr std::size_t kWorker = kMany;
  Crowd crowd;
  std::size_t called = 0;
  const auto post_one = [&](std::size_t who) {
    crowd.loop.post([&crowd, &called, who] {
      for (const Clock::time_point end = Clock::now() + std::chrono::microseconds(100); Clock::now() < end;) {
      }
      crowd.note(who);
      ++called;
    });
  };
  // Once it runs, because what is posted before comes before its first turn.
  crowd.loop.post([&] {
    crowd.loop.post([&] {
      for (std::size_t who = 0; who < kMany; ++who) post_one(who);
    });
  });
  crowd.loop.spawn(work_beside_posted(crowd, kWorker, called, kMany), rethrow);
  crowd.loop.run();
  EXPECT_EQ(called, kMany);
  std::size_t between = 0;
  std::size_t next = 0;
  for (const std::size_t who : crowd.turns) {
    between = who == kWorker ? 0 : between + 1;
    ASSERT_LE(between, 2 * 16u) << "a millisecond is ten of them, and the clock is looked at after sixteen";
    if (who != kWorker) {
      EXPECT_EQ(who, next++) << "they run in their order";
    }
  }
}

void be_busy(std::chrono::microseconds time) {
  for (const Clock::time_point end = Clock::now() + time; Clock::now() < end;) continue;
}

/// How heavy work asks for its turns, and how long it takes.
struct Heavy {
  HeavyTurn turn = HeavyTurn::alone;
  std::chrono::microseconds busy{0};
};

/// Waits for heavy turns, and notes each; asks twice for the first.
net::awaitable<void> work_hard(Crowd& crowd, std::size_t who, int turns, Heavy heavy = {}) {
  const SlotPtr slot = crowd.loop.acquire(1);
  slot->ask_for_heavy_turn(heavy.turn);
  for (int turn = 0; turn < turns; ++turn) {
    slot->ask_for_heavy_turn(heavy.turn);
    while (!slot->take_heavy_turn()) co_await slot->wait();
    crowd.note(who);
    be_busy(heavy.busy);
  }
}

/// Asks and is gone before its turn.
net::awaitable<void> ask_and_leave(Crowd& crowd, HeavyTurn turn = HeavyTurn::alone) {
  const SlotPtr slot = crowd.loop.acquire(1);
  slot->ask_for_heavy_turn(turn);
  co_await slot->yield();
}

/// Ends a crowd once those whose number is less than `limit` have had so many turns.
net::awaitable<void> end_after_those_below(Crowd& crowd, std::size_t limit, std::ptrdiff_t turns) {
  const SlotPtr slot = crowd.loop.acquire(1);
  const auto counts = [limit](std::size_t who) { return who < limit; };
  while (std::count_if(crowd.turns.begin(), crowd.turns.end(), counts) < turns && !crowd.over) co_await slot->yield();
  crowd.end();
}

TEST(EventLoopFairness, HeavyTurnsAreOneAtATimeInOrderAndBesideAllOthers) {
  Crowd crowd;
  constexpr std::size_t kWorker = 9;
  net::asio::post(crowd.loop.executor(), [&crowd] {
    crowd.loop.spawn(ask_and_leave(crowd), rethrow);
    for (std::size_t who = 0; who < 3; ++who) crowd.loop.spawn(work_hard(crowd, who, 2), rethrow);
    crowd.loop.spawn(work(crowd, kWorker), rethrow);
  });
  crowd.loop.post([] {});
  std::vector<std::size_t> heavy;
  crowd.loop.spawn(end_after_those_below(crowd, 3, 6), rethrow);
  crowd.loop.run();
  for (std::size_t i = 0; i < crowd.turns.size(); ++i) {
    if (crowd.turns[i] >= 3) continue;
    heavy.push_back(crowd.turns[i]);
    if (i + 1 < crowd.turns.size()) {
      EXPECT_EQ(crowd.turns[i + 1], kWorker) << "another had its turn between two heavy ones";
    }
  }
  EXPECT_EQ(heavy, (std::vector<std::size_t>{0, 1, 2, 0, 1, 2}));
}

/// As work(), with low priority; each turn takes so long.
net::awaitable<void> work_later(Crowd& crowd, std::size_t who, std::chrono::microseconds busy) {
  const SlotPtr slot = crowd.loop.acquire(1);
  slot->set_priority(Priority::low);
  while (!crowd.over) {
    crowd.note(who);
    be_busy(busy);
    co_await slot->yield();
  }
  crowd.loop.stop();
}

/// Ends a crowd once somebody has had so many turns.
net::awaitable<void> end_after(Crowd& crowd, std::size_t who, std::ptrdiff_t turns) {
  const SlotPtr slot = crowd.loop.acquire(1);
  for (std::size_t seen = 0; turns > 0 && !crowd.over; co_await slot->yield()) {
    for (; seen < crowd.turns.size(); ++seen) turns -= crowd.turns[seen] == who ? 1 : 0;
  }
  crowd.end();
}

/// How long the stretches are in which it was the turn of somebody for whom `is_one` holds.
template <typename IsOne>
std::vector<std::size_t> stretches(const std::vector<std::size_t>& turns, IsOne is_one) {
  std::vector<std::size_t> lengths;
  bool within = false;
  for (const std::size_t who : turns) {
    if (is_one(who)) within ? void(++lengths.back()) : lengths.push_back(1);
    within = is_one(who);
  }
  return lengths;
}

constexpr std::size_t kLow = 100;  // and above, who is of low priority
bool is_low(std::size_t who) { return who >= kLow; }
bool is_normal(std::size_t who) { return who < kLow; }

TEST(EventLoopFairness, LowPriorityRunsOnceAllOthersHaveHadTheirTurn) {
  Crowd crowd;
  net::asio::post(crowd.loop.executor(), [&crowd] {
    for (std::size_t who = 0; who < 3; ++who) {
      crowd.loop.spawn(work_later(crowd, kLow + who, std::chrono::microseconds(0)), rethrow);
      crowd.loop.spawn(work(crowd, who), rethrow);
    }
    crowd.loop.spawn(end_after(crowd, kLow, 100), rethrow);
  });
  crowd.loop.run();
  crowd.turns.erase(crowd.turns.begin(), crowd.turns.begin() + 6);  // of the spawns
  const std::vector<std::size_t> normal = stretches(crowd.turns, is_normal);
  ASSERT_GE(normal.size(), 2u);
  for (std::size_t i = 1; i + 1 < normal.size(); ++i) EXPECT_EQ(normal[i], 3u);
}

TEST(EventLoopFairness, LowPriorityHasABoundedTimeOfATurn) {
  Crowd crowd;
  net::asio::post(crowd.loop.executor(), [&crowd] {
    for (std::size_t who = 0; who < 20; ++who) {
      crowd.loop.spawn(work_later(crowd, kLow + who, 2 * EventLoop::kLowTime), rethrow);
    }
    crowd.loop.spawn(work(crowd, 0), rethrow);
    crowd.loop.spawn(end_after(crowd, kLow + 19, 20), rethrow);
  });
  crowd.loop.run();
  const std::vector<std::size_t> low = stretches(crowd.turns, is_low);
  ASSERT_GE(low.size(), 100u);
  const auto single = std::count(low.begin() + 1, low.end(), 1u);
  // Where the thread was stopped within the others' turns, these may have a quarter of that time.
  EXPECT_GT(single, static_cast<std::ptrdiff_t>(low.size() / 2));
}

TEST(EventLoopFairness, HeavyTurnsAndLowPriorityTakeTurns) {
  Crowd crowd;
  net::asio::post(crowd.loop.executor(), [&crowd] {
    crowd.loop.spawn(work(crowd, 0), rethrow);
    for (std::size_t who = 0; who < 3; ++who) {
      crowd.loop.spawn(work_later(crowd, kLow + who, std::chrono::microseconds(0)), rethrow);
    }
    crowd.loop.spawn(work_hard(crowd, 1, 50), rethrow);
    crowd.loop.spawn(work_hard(crowd, 2, 50), rethrow);
    crowd.loop.spawn(end_after(crowd, 2, 50), rethrow);
  });
  crowd.loop.run();
  std::size_t low_since = 1;
  for (std::size_t i = 0; i < crowd.turns.size(); ++i) {
    if (is_low(crowd.turns[i])) ++low_since;
    if (crowd.turns[i] != 1 && crowd.turns[i] != 2) continue;
    EXPECT_GE(low_since, 1u) << "neither keeps the other waiting";
    low_since = 0;
  }
  EXPECT_EQ(std::count(crowd.turns.begin(), crowd.turns.end(), 1), 50);
  EXPECT_EQ(std::count(crowd.turns.begin(), crowd.turns.end(), 2), 50);
}

/// Eight do heavy work beside somebody who always has more to do: seven as `most` says, the eighth as `last` says.
/// Returns how many turns of the eight there were in a row, each time.
std::vector<std::size_t> rows_of_heavy_work(Heavy most, Heavy last) {
  constexpr std::size_t kAll = 8;
  constexpr std::size_t kWorker = kAll;
  constexpr int kTurns = 20;
  constexpr std::ptrdiff_t kAllTurns = kTurns * std::ptrdiff_t{kAll};
  Crowd crowd;
  const auto is_heavy = [](std::size_t who) { return who < kAll; };
  net::asio::post(crowd.loop.executor(), [&] {
    crowd.loop.spawn(work(crowd, kWorker), rethrow);
    for (std::size_t who = 0; who < kAll; ++who) {
      if (who == 4) crowd.loop.spawn(ask_and_leave(crowd, most.turn), rethrow);
      crowd.loop.spawn(work_hard(crowd, who, kTurns, who + 1 < kAll ? most : last), rethrow);
    }
    crowd.loop.spawn(end_after_those_below(crowd, kAll, kAllTurns), rethrow);
  });
  crowd.loop.run();
  EXPECT_EQ(std::count_if(crowd.turns.begin(), crowd.turns.end(), is_heavy), kAllTurns);
  return stretches(crowd.turns, is_heavy);
}

TEST(EventLoopFairness, HeavyWorkThatMayShareATurnSharesIt) {
  const Heavy light{.turn = HeavyTurn::shared};
  const std::vector<std::size_t> rows = rows_of_heavy_work(light, light);
  ASSERT_FALSE(rows.empty());
  EXPECT_GE(*std::max_element(rows.begin(), rows.end()), 8u) << "nobody else has a turn between them";
}

TEST(EventLoopFairness, HeavyWorkThatSharesATurnHasABoundedTimeOfIt) {
  const Heavy long_lasting{.turn = HeavyTurn::shared, .busy = EventLoop::kHeavyTime};
  for (const std::size_t row : rows_of_heavy_work(long_lasting, long_lasting)) EXPECT_EQ(row, 1u);
}

TEST(EventLoopFairness, HeavyWorkThatMayNotShareHasATurnToItself) {
  for (const std::size_t row : rows_of_heavy_work({.turn = HeavyTurn::alone}, {.turn = HeavyTurn::shared})) {
    EXPECT_EQ(row, 1u);
  }
  for (const std::size_t row : rows_of_heavy_work({.turn = HeavyTurn::shared}, {.turn = HeavyTurn::alone})) {
    EXPECT_LE(row, 7u) << "the eighth is never among them";
  }
}

/// Wakes itself before it waits for its heavy turn.
net::awaitable<void> work_hard_when_awake(Crowd& crowd, std::size_t who, int turns) {
  const SlotPtr slot = crowd.loop.acquire(1);
  slot->set_priority(Priority::low);
  for (int turn = 0; turn < turns; ++turn) {
    slot->wake();
    slot->ask_for_heavy_turn(HeavyTurn::alone);
    while (!slot->take_heavy_turn()) co_await slot->wait();
    crowd.note(who);
  }
}

TEST(EventLoopFairness, WhoIsReadyAsWellHasItsHeavyTurnAmongTheHeavy) {
  Crowd crowd;
  net::asio::post(crowd.loop.executor(), [&crowd] {
    crowd.loop.spawn(work(crowd, 0), rethrow);
    crowd.loop.spawn(work_later(crowd, kLow, std::chrono::microseconds(0)), rethrow);
    crowd.loop.spawn(work_hard_when_awake(crowd, 1, 20), rethrow);
    crowd.loop.spawn(work_hard_when_awake(crowd, 2, 20), rethrow);
    crowd.loop.spawn(end_after(crowd, 2, 20), rethrow);
  });
  crowd.loop.run();
  for (std::size_t i = 1; i + 1 < crowd.turns.size(); ++i) {
    if (crowd.turns[i] != 1 && crowd.turns[i] != 2) continue;
    EXPECT_EQ(crowd.turns[i - 1], 0u) << "after the normal ones of a turn";
    EXPECT_EQ(crowd.turns[i + 1], 0u) << "and nobody of low priority has the same turn";
  }
  EXPECT_EQ(std::count(crowd.turns.begin(), crowd.turns.end(), 2), 20);
}

}  // namespace
}  // namespace weir::io
