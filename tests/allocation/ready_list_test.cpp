#include <gtest/gtest.h>

#include <cstddef>
#include <exception>

#include "common/io/event_loop.hpp"
#include "tests/allocation/failing_allocator.hpp"
#include "tests/support/process.hpp"

namespace weir::io {
namespace {

struct Crowd {
  EventLoop loop;
  std::size_t turns = 0;
  std::size_t allocated = 0;  ///< when its pools were full
};

constexpr std::size_t kWarm = 50'000;
constexpr std::size_t kTurns = 500'000;

/// Always has more to do, so that the ready list is never empty.
net::awaitable<void> work(Crowd& crowd) {
  const SlotPtr slot = crowd.loop.acquire(1);
  while (crowd.turns < kTurns) {
    if (++crowd.turns == kWarm) crowd.allocated = test::allocations();
    co_await slot->yield();
  }
  crowd.loop.stop();
}

/// More are ready than one turn serves, so the list has those who had their turn before those who wait: their number is
/// bounded, or it would grow for as long as the loop is busy.
TEST(ReadyList, NeedsNoMemoryHoweverLongSomebodyIsAlwaysReady) {
  if (test::kSanitized) GTEST_SKIP() << "a sanitizer has its own malloc(3)";
  Crowd crowd;
  for (int i = 0; i < 300; ++i) {
    crowd.loop.spawn(work(crowd), [](const std::exception_ptr& failure) {
      if (failure) std::rethrow_exception(failure);
    });
  }
  crowd.loop.run();
  EXPECT_GE(crowd.turns, kTurns);
  EXPECT_GT(crowd.allocated, 0u);
  EXPECT_EQ(test::allocations() - crowd.allocated, 0u);
}

}  // namespace
}  // namespace weir::io
