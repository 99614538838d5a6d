#include "common/io/side_thread.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/no_descriptors.hpp"
#include "tests/support/wait_until.hpp"

namespace weir::io {
namespace {

using Work = SideThread::Work;

/// A function as a task.
struct Call : SideThread::Task {
  explicit Call(std::function<void()> what) : function(std::move(what)) {}
  void run() override { function(); }
  std::function<void()> function;
};
std::unique_ptr<SideThread::Task> call(std::function<void()> function) {
  return std::make_unique<Call>(std::move(function));
}

void rethrow(const std::exception_ptr& failure) {
  if (failure) std::rethrow_exception(failure);
}

/// Holds up a piece of work until the test opens it.
class Gate {
 public:
  void pass() {
    reached_ = true;
    reached_.notify_all();
    open_.wait(false);
  }
  void await_arrival() { reached_.wait(false); }
  void open() {
    open_ = true;
    open_.notify_all();
  }

 private:
  std::atomic<bool> reached_{false};
  std::atomic<bool> open_{false};
};

/// A loop with a side thread, as a worker has them.
struct Bed {
  /// Runs a test's coroutine, which gets the bed and a slot.
  template <typename Coroutine>
  void run(Coroutine coroutine) {
    loop.spawn(enclose(*this, coroutine), rethrow);
    loop.run();
  }

  SideThread side{loop, "side"};
  EventLoop loop;

 private:
  template <typename Coroutine>
  static net::awaitable<void> enclose(Bed& bed, Coroutine& coroutine) {
    SlotPtr slot = bed.loop.acquire(1);
    co_await coroutine(bed, *slot);
    bed.loop.stop();
  }
};

net::awaitable<void> until_done(const Work& work, Slot& slot) {
  const Work& awaited = work;
  while (!awaited.done()) co_await slot.wait();
}

TEST(SideThread, DoesWorkOnAThreadOfLowerPriorityOnTheSameCpus) {
  cpu_set_t mine;
  ASSERT_EQ(::sched_getaffinity(0, sizeof mine, &mine), 0);
  const int priority = ::getpriority(PRIO_PROCESS, 0);
  Bed().run([&](Bed& bed, Slot& slot) -> net::awaitable<void> {
    EXPECT_TRUE(bed.side.start());
    std::thread::id where;
    int priority_there = 0;
    cpu_set_t cpus_there;
    const Work work(bed.side, slot, call([&] {
                      where = std::this_thread::get_id();
                      priority_there = ::getpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()));
                      ::sched_getaffinity(0, sizeof cpus_there, &cpus_there);
                    }));
    co_await until_done(work, slot);
    EXPECT_NE(where, std::this_thread::get_id());
    EXPECT_EQ(priority_there, std::min(19, priority + SideThread::kNice));
    EXPECT_NE(CPU_EQUAL(&mine, &cpus_there), 0);
  });
  EXPECT_EQ(::getpriority(PRIO_PROCESS, 0), priority) << "the loop's thread keeps its own";
}

TEST(SideThread, DoesOnePieceAtATimeInOrderWhileTheLoopGoesOn) {
  Bed().run([](Bed& bed, Slot& slot) -> net::awaitable<void> {
    EXPECT_TRUE(bed.side.start());
    Gate gate;
    std::vector<int> order;
    const Work first(bed.side, slot, call([&] {
                       gate.pass();
                       order.push_back(1);
                     }));
    const Work second(bed.side, slot, call([&] { order.push_back(2); }));
    const Work third(bed.side, slot, call([&] { order.push_back(3); }));
    gate.await_arrival();
    for (int turns = 0; turns < 100; ++turns) co_await slot.yield();
    EXPECT_FALSE(first.done() || second.done() || third.done());
    gate.open();
    co_await until_done(third, slot);
    EXPECT_TRUE(first.done() && second.done());
    EXPECT_EQ(order, (std::vector{1, 2, 3}));
  });
}

TEST(SideThread, WithdrawsWhatHasNotBegun) {
  Bed().run([](Bed& bed, Slot& slot) -> net::awaitable<void> {
    EXPECT_TRUE(bed.side.start());
    Gate gate;
    bool ran = false;
    const Work first(bed.side, slot, call([&] { gate.pass(); }));
    auto withdrawn = std::make_unique<Work>(bed.side, slot, call([&] { ran = true; }));
    const Work last(bed.side, slot, call([] {}));
    withdrawn.reset();
    gate.open();
    co_await until_done(last, slot);
    EXPECT_FALSE(ran);
  });
}

TEST(SideThread, LeavesWhatHasBegunToItsEndAndGoesOnWithTheNext) {
  Bed().run([](Bed& bed, Slot& slot) -> net::awaitable<void> {
    EXPECT_TRUE(bed.side.start());
    Gate gate;
    std::atomic<bool> ended{false};
    auto alive = std::make_shared<int>();
    auto abandoned = std::make_unique<Work>(bed.side, slot, call([&, alive] {
                                              gate.pass();
                                              ended = true;
                                            }));
    const Work next(bed.side, slot, call([] {}));
    gate.await_arrival();
    abandoned.reset();
    for (int turns = 0; turns < 100; ++turns) co_await slot.yield();
    EXPECT_FALSE(next.done());
    EXPECT_EQ(alive.use_count(), 2) << "what it needs is there until its end";
    gate.open();
    co_await until_done(next, slot);
    EXPECT_TRUE(ended);
    EXPECT_EQ(alive.use_count(), 1);
  });
}

TEST(SideThread, TakesBackWhatHasNotBegun) {
  Bed().run([](Bed& bed, Slot& slot) -> net::awaitable<void> {
    bool ran = false;
    // Without a thread, what is handed over does not begin.
    auto taken_back = std::make_unique<Work>(bed.side, slot, call([&] { ran = true; }));
    const Work next(bed.side, slot, call([] {}));
    taken_back.reset();
    EXPECT_TRUE(bed.side.start());
    co_await until_done(next, slot);
    EXPECT_FALSE(ran);
  });
}

TEST(SideThread, IsStarvedForAWhileWhereItHasATaskAndNoCpuTime) {
  Bed().run([](Bed& bed, Slot& slot) -> net::awaitable<void> {
    EXPECT_TRUE(bed.side.start());
    EXPECT_FALSE(bed.side.is_starved());
    const Work slow(bed.side, slot, call([] { ::poll(nullptr, 0, 100); }));
    co_await until_done(slow, slot);
    EXPECT_TRUE(bed.side.is_starved());
    const auto deadline = std::chrono::steady_clock::now() + test::kHang;
    while (bed.side.is_starved() && std::chrono::steady_clock::now() < deadline) co_await slot.yield();
    EXPECT_FALSE(bed.side.is_starved());
  });
}

TEST(SideThread, IsStarvedWhereWhatItHadNeverBegan) {
  Bed().run([](Bed& bed, Slot& slot) -> net::awaitable<void> {
    // Without a thread, what is handed over does not begin.
    auto taken_back = std::make_unique<Work>(bed.side, slot, call([] {}));
    ::poll(nullptr, 0, 100);
    taken_back.reset();
    EXPECT_TRUE(bed.side.is_starved());
    co_return;
  });
}

TEST(SideThread, WhoeverLeavesWheneverEachTaskIsDoneOnceAtMost) {
  Bed().run([](Bed& bed, Slot& slot) -> net::awaitable<void> {
    EXPECT_TRUE(bed.side.start());
    std::minstd_rand random(7);
    std::vector<std::unique_ptr<std::atomic<int>>> counts;
    std::vector<std::unique_ptr<Work>> works;
    for (int i = 0; i < 5000; ++i) {
      auto* count = counts.emplace_back(std::make_unique<std::atomic<int>>(0)).get();
      works.push_back(std::make_unique<Work>(bed.side, slot, call([count] { ++*count; })));
      while (!works.empty() && random() % 3 != 0) {
        const auto chosen = works.begin() + static_cast<std::ptrdiff_t>(random() % works.size());
        if (chosen->get()->done()) {
          EXPECT_NE(chosen->get()->take(), nullptr);
        }
        works.erase(chosen);
      }
      if (random() % 4 == 0) co_await slot.yield();
    }
    for (const auto& work : works) co_await until_done(*work, slot);
    const Work last(bed.side, slot, call([] {}));
    co_await until_done(last, slot);
    EXPECT_TRUE(std::all_of(counts.begin(), counts.end(), [](const auto& count) { return *count <= 1; }));
    EXPECT_TRUE(std::any_of(counts.begin(), counts.end(), [](const auto& count) { return *count == 1; }));
  });
}

TEST(SideThread, CountsItsCpuTime) {
  Bed().run([](Bed& bed, Slot& slot) -> net::awaitable<void> {
    EXPECT_EQ(bed.side.cpu_time().count(), 0);
    EXPECT_TRUE(bed.side.start());
    timespec used{};
    const Work work(bed.side, slot, call([&] {
                      while (used.tv_nsec < 1'000'000) ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
                    }));
    co_await until_done(work, slot);
    EXPECT_GE(bed.side.cpu_time().count(), 1'000'000);
  });
}

TEST(SideThread, GivesBackWhatLeftTheWork) {
  Bed().run([](Bed& bed, Slot& slot) -> net::awaitable<void> {
    EXPECT_TRUE(bed.side.start());
    Work work(bed.side, slot, call([] { throw std::runtime_error("no"); }));
    co_await until_done(work, slot);
    EXPECT_THROW(work.take(), std::runtime_error);
    Work another(bed.side, slot, call([] {}));
    co_await until_done(another, slot);
    EXPECT_NE(another.take(), nullptr) << "the next one is none of its business";
  });
}

TEST(SideThread, EndsWithTheLoopAmidWork) {
  auto bed = std::make_unique<Bed>();
  Gate gate;
  std::atomic<bool> ended{false};
  bool later = false;
  bed->loop.spawn(
      [](Bed& made, Gate& held, std::atomic<bool>& over, bool& ran) -> net::awaitable<void> {
        SlotPtr slot = made.loop.acquire(1);
        EXPECT_TRUE(made.side.start());
        const Work work(made.side, *slot, call([&] {
                          held.pass();
                          over = true;
                        }));
        const Work line(made.side, *slot, call([&] { ran = true; }));
        held.await_arrival();
        made.loop.stop();
        for (;;) co_await slot->wait();
      }(*bed, gate, ended, later),
      rethrow);
  bed->loop.run();
  std::thread opener([&] { gate.open(); });
  bed.reset();
  EXPECT_TRUE(ended);
  EXPECT_FALSE(later);
  opener.join();
}

TEST(SideThread, StartsOnceThereAreDescriptorsAgain) {
  Bed().run([](Bed& bed, Slot& slot) -> net::awaitable<void> {
    std::optional<test::NoDescriptors> none(std::in_place);
    EXPECT_FALSE(bed.side.start());
    EXPECT_FALSE(bed.side.start());
    none.reset();
    const auto deadline = std::chrono::steady_clock::now() + test::kHang;
    bool started = false;
    while (!(started = bed.side.start()) && std::chrono::steady_clock::now() < deadline) co_await slot.yield();
    EXPECT_TRUE(started);
    EXPECT_TRUE(bed.side.start()) << "it runs";
    const Work work(bed.side, slot, call([] {}));
    co_await until_done(work, slot);
  });
}

}  // namespace
}  // namespace weir::io
