#include "common/io/side_thread.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>

#include "tests/allocation/failing_allocator.hpp"
#include "tests/support/wait_until.hpp"

namespace weir::io {
namespace {

struct Nothing : SideThread::Task {
  void run() override {}
};

/// Starts the thread although one allocation fails, and has it do something. Returns whether that one was made.
net::awaitable<void> start_without(EventLoop& loop, SideThread& side, std::size_t nth, bool& reached) {
  SlotPtr slot = loop.acquire(1);
  test::fail_allocation(nth);
  bool started = side.start();
  reached = test::fail_allocation(0);
  EXPECT_TRUE(started || reached);
  // Where it was the thread's, it is tried again a second later.
  const auto deadline = std::chrono::steady_clock::now() + test::kHang;
  while (!started && std::chrono::steady_clock::now() < deadline) {
    started = side.start();
    co_await slot->yield();
  }
  EXPECT_TRUE(started) << nth;
  SideThread::Work work(side, *slot, std::make_unique<Nothing>());
  while (!work.done()) co_await slot->wait();
  loop.stop();
}

TEST(SideThread, StartsOnceThereIsMemoryAgain) {
  if (test::kSanitized) GTEST_SKIP() << "a sanitizer has its own malloc(3)";
  bool reached = true;
  std::size_t failed = 0;
  for (std::size_t nth = 1; reached && nth < 100; ++nth) {
    struct Bed {
      SideThread side{loop, "side"};
      EventLoop loop;
    } bed;
    bed.loop.spawn(start_without(bed.loop, bed.side, nth, reached), [](const std::exception_ptr& failure) {
      if (failure) std::rethrow_exception(failure);
    });
    bed.loop.run();
    if (reached) ++failed;
    if (HasFailure()) break;
  }
  EXPECT_GE(failed, 3u) << "a slot, a coroutine, a thread";
}

}  // namespace
}  // namespace weir::io
