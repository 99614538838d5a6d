#include "common/io/event_loop.hpp"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

#include "common/io/stream.hpp"

namespace weir::io {
namespace {

struct Pair {
  Pair() {
    int fds[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) != 0)
      throw std::runtime_error("pair");
    near = Descriptor(fds[0]);
    far = Descriptor(fds[1]);
  }
  Descriptor near;
  Descriptor far;
};

void rethrow(std::exception_ptr failure) {
  if (failure) std::rethrow_exception(failure);
}

net::awaitable<void> read_until_end(EventLoop& loop, Descriptor socket, std::string& received) {
  SlotPtr slot = loop.acquire(1);
  Stream stream(*slot, Side::first, std::move(socket));
  for (;;) {
    while (stream.readable()) {
      const IoResult result = stream.read(loop.scratch().first(4));
      if (result.status == IoResult::Status::end) {
        loop.stop();
        co_return;
      }
      if (result.status == IoResult::Status::moved) {
        received.append(reinterpret_cast<const char*>(loop.scratch().data()), result.bytes);
      }
    }
    co_await slot->wait();
  }
}

TEST(EventLoop, CoroutineReadsWhatComesAndSeesTheEndThatCameWithTheLastByte) {
  EventLoop loop;
  Pair pair;
  std::string received;
  ASSERT_EQ(::write(pair.far.get(), "hello weir", 10), 10);
  pair.far.close();
  loop.spawn(read_until_end(loop, std::move(pair.near), received), rethrow);
  loop.run();
  EXPECT_EQ(received, "hello weir");
  EXPECT_EQ(loop.slots_in_use(), 0u);
}

net::awaitable<void> wait_for_peers_end(EventLoop& loop, Descriptor socket, std::size_t& unread) {
  SlotPtr slot = loop.acquire(1);
  Stream stream(*slot, Side::first, std::move(socket));
  while (!stream.peer_ended()) co_await slot->wait();
  unread = stream.unread();
  EXPECT_TRUE(stream.readable());
  EXPECT_FALSE(stream.failed());
  loop.stop();
}

TEST(EventLoop, PeersEndIsSeenBehindBytesThatNobodyReads) {
  EventLoop loop;
  Pair pair;
  std::size_t unread = 0;
  ASSERT_EQ(::write(pair.far.get(), "hello weir", 10), 10);
  loop.spawn(wait_for_peers_end(loop, std::move(pair.near), unread), rethrow);
  loop.post([&] { loop.post([&] { ::shutdown(pair.far.get(), SHUT_WR); }); });
  loop.run();
  EXPECT_EQ(unread, 10u);
}

TEST(EventLoop, PostFromManyThreadsRunsEachFunctionOnce) {
  EventLoop loop;
  std::atomic<int> posted{0};
  int ran = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        ++posted;
        loop.post([&] {
          if (++ran == 4000) loop.stop();
        });
      }
    });
  }
  loop.run();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ran, 4000);
}

/// The kernel lets each wait of a thread end later by its slack.
TEST(EventLoop, ItsThreadAsksForNoSlack) {
  EventLoop loop;
  std::atomic<int> slack{-1};
  std::thread thread([&loop] { loop.run(); });
  loop.post([&loop, &slack] {
    slack = ::prctl(PR_GET_TIMERSLACK, 0UL, 0UL, 0UL, 0UL);
    loop.stop();
  });
  thread.join();
  EXPECT_EQ(slack, 1);
}

net::awaitable<void> wait_for_deadline(EventLoop& loop, std::chrono::milliseconds delay, Clock::duration& early) {
  SlotPtr slot = loop.acquire(1);
  const Clock::time_point due = Clock::now() + delay;
  slot->set_deadline(due);
  while (!slot->timer_fired()) co_await slot->wait();
  early = due - Clock::now();
  loop.stop();
}

TEST(EventLoop, DeadlineNeverFiresEarly) {
  EventLoop loop;
  Clock::duration early{1};
  loop.spawn(wait_for_deadline(loop, std::chrono::milliseconds(30), early), rethrow);
  loop.run();
  EXPECT_LE(early.count(), 0);
}

net::awaitable<void> wait_for_interruption(EventLoop& loop, std::uint8_t& reason) {
  SlotPtr slot = loop.acquire(7);
  while (slot->interruption() == 0) co_await slot->wait();
  reason = slot->interruption();
  loop.stop();
}

net::awaitable<void> wait_finely(EventLoop& loop, std::vector<std::chrono::microseconds> delays,
                                 std::vector<Clock::duration>& early) {
  SlotPtr slot = loop.acquire(1);
  for (const std::chrono::microseconds delay : delays) {
    const Clock::time_point due = loop.refresh_now() + delay;
    while (loop.now() < due) {
      slot->set_fine_deadline(due);
      co_await slot->wait();
    }
    early.push_back(due - Clock::now());
    EXPECT_FALSE(slot->timer_fired());
  }
  loop.stop();
}

TEST(EventLoop, AFineDeadlineNeverFiresEarlyAndNeedsNoOtherOne) {
  using std::chrono::microseconds;
  EventLoop loop;
  std::vector<Clock::duration> early;
  loop.spawn(wait_finely(loop, {microseconds(50), microseconds(1'700), microseconds(0), microseconds(300)}, early),
             rethrow);
  loop.run();
  ASSERT_EQ(early.size(), 4u);
  for (const Clock::duration by : early) EXPECT_LE(by.count(), 0);
}

net::awaitable<void> wait_for_the_earlier(EventLoop& loop, int& wakeups) {
  SlotPtr slot = loop.acquire(1);
  slot->set_fine_deadline(loop.now() + std::chrono::hours(1));
  slot->set_fine_deadline(loop.now() + std::chrono::milliseconds(1));
  co_await slot->wait();
  ++wakeups;
  loop.stop();
}

TEST(EventLoop, AnEarlierFineDeadlineReplacesALaterOne) {
  EventLoop loop;
  int wakeups = 0;
  loop.spawn(wait_for_the_earlier(loop, wakeups), rethrow);
  loop.run();
  EXPECT_EQ(wakeups, 1);
}

net::awaitable<void> leave_a_fine_deadline(EventLoop& loop) {
  SlotPtr slot = loop.acquire(1);
  slot->set_fine_deadline(loop.now() + std::chrono::milliseconds(2));
  co_await slot->yield();
}

net::awaitable<void> use_the_place_again(EventLoop& loop, bool& is_woken_by_another) {
  SlotPtr slot = loop.acquire(1);
  slot->set_deadline(loop.now() + std::chrono::milliseconds(20));
  co_await slot->wait();
  is_woken_by_another = !slot->timer_fired();
  loop.stop();
}

TEST(EventLoop, AFineDeadlineOfOneThatHasGoneWakesNobody) {
  EventLoop loop;
  bool is_woken_by_another = true;
  loop.spawn(leave_a_fine_deadline(loop), [&](std::exception_ptr) {
    loop.post([&] { loop.spawn(use_the_place_again(loop, is_woken_by_another), rethrow); });
  });
  loop.run();
  EXPECT_FALSE(is_woken_by_another);
}

TEST(EventLoop, InterruptionReachesOnlyItsKindAndTheFirstReasonStays) {
  EventLoop loop;
  std::uint8_t reason = 0;
  std::uint8_t other = 0;
  SlotPtr bystander = loop.acquire(8);
  loop.spawn(wait_for_interruption(loop, reason), rethrow);
  loop.post([&] {
    loop.interrupt_all(7, 3);
    loop.interrupt_all(7, 4);
    other = bystander->interruption();
  });
  loop.run();
  EXPECT_EQ(reason, 3);
  EXPECT_EQ(other, 0);
}

net::awaitable<void> count_wakes(EventLoop& loop, int& wakes, int until) {
  SlotPtr slot = loop.acquire(7);
  while (wakes < until) {
    co_await slot->wait();
    ++wakes;
    loop.post([&loop] { loop.wake_all(7); });
  }
  loop.stop();
}

TEST(EventLoop, WakesACoroutineAnyNumberOfTimesWithoutInterruptingIt) {
  EventLoop loop;
  int wakes = 0;
  SlotPtr bystander = loop.acquire(8);
  loop.spawn(count_wakes(loop, wakes, 3), rethrow);
  loop.post([&] { loop.wake_all(7); });
  loop.run();
  EXPECT_EQ(wakes, 3);
  EXPECT_EQ(bystander->interruption(), 0);
}

net::awaitable<void> fail_at_once() {
  const bool fail = true;
  if (fail) throw std::runtime_error("from a coroutine");
  co_return;
}

TEST(EventLoop, ExceptionThatLeavesACoroutineReachesItsHandler) {
  EventLoop loop;
  std::string text;
  loop.spawn(fail_at_once(), [&](std::exception_ptr failure) {
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& error) {
      text = error.what();
    }
    loop.stop();
  });
  loop.run();
  EXPECT_EQ(text, "from a coroutine");
}

net::awaitable<void> end_at_once() { co_return; }

/// From the ready list, as an acceptor starts sessions: other work may be counted otherwise than posted work is.
net::awaitable<void> spawn_many_that_never_wait(EventLoop& loop, int many, int& ended, std::thread& poster,
                                                bool& reached) {
  SlotPtr slot = loop.acquire(1);
  co_await slot->yield();
  for (int i = 0; i < many; ++i) {
    loop.spawn(end_at_once(), [&ended](std::exception_ptr) { ++ended; });
    if (i % 100 == 0) co_await slot->yield();
  }
  while (ended < many) co_await slot->yield();
  poster = std::thread([&] {
    loop.post([&] {
      reached = true;
      loop.stop();
    });
  });
  slot->set_deadline(loop.now() + std::chrono::seconds(20));
  while (!slot->timer_fired()) co_await slot->wait();
  loop.stop();
}

TEST(EventLoop, PostReachesItHoweverManyCoroutinesEndedWithoutEverWaiting) {
  EventLoop loop;
  int ended = 0;
  bool reached = false;
  std::thread poster;
  loop.spawn(spawn_many_that_never_wait(loop, 10'000, ended, poster, reached), rethrow);
  loop.run();
  poster.join();
  EXPECT_EQ(ended, 10'000);
  EXPECT_TRUE(reached);
}

TEST(EventLoop, ReleasedSlotIsNoLongerFoundByItsOldName) {
  EventLoop loop;
  SlotPtr slot = loop.acquire(1);
  const Slot::Id old = slot->id();
  EXPECT_EQ(loop.find(old), slot.get());
  slot.reset();
  EXPECT_EQ(loop.find(old), nullptr);
}

TEST(EventLoop, NameOfAReleasedSlotIsNotThatOfWhoeverUsesItNext) {
  EventLoop loop;
  const Slot::Id old = loop.acquire(1)->id();
  // A slot is free again at the end of a turn; what was posted before run() runs before the first one.
  loop.post([&] { loop.post([&] { loop.stop(); }); });
  loop.run();
  const SlotPtr next = loop.acquire(1);
  EXPECT_EQ(next->id().index, old.index);
  EXPECT_EQ(loop.find(old), nullptr);
}

net::awaitable<void> wait_with(EventLoop& loop, std::shared_ptr<int> held) {
  const SlotPtr slot = loop.acquire(1);
  co_await slot->wait();
  ++*held;
}

TEST(EventLoop, DestroysCoroutinesThatWereStartedByWhatNeverRan) {
  const auto held = std::make_shared<int>(0);
  {
    EventLoop loop;
    loop.post([&loop, held] { loop.spawn(wait_with(loop, held), rethrow); });
  }
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_EQ(*held, 0);
}

TEST(EventLoop, DestroysCoroutinesThatStillWait) {
  std::uint8_t reason = 0;
  {
    EventLoop loop;
    loop.spawn(wait_for_interruption(loop, reason), rethrow);
    loop.post([&] { loop.stop(); });
    loop.run();
    EXPECT_EQ(loop.slots_in_use(), 1u);
  }
  EXPECT_EQ(reason, 0);
}

}  // namespace
}  // namespace weir::io
