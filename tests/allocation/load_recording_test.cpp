#include <gtest/gtest.h>

#include "client/worker_context.hpp"
#include "tests/allocation/failing_allocator.hpp"
#include "tests/support/wait_until.hpp"

/// No allocation while weir-load measures: every allocation of this thread is counted.

namespace weir::load {
namespace {

using io::Clock;
using std::chrono::microseconds;

TEST(LoadRecording, TimesOfEveryConnectionAreRecordedWithoutAllocation) {
  if (test::kSanitized) GTEST_SKIP() << "a sanitizer has its own malloc(3)";
  constexpr std::uint32_t kConnections = 1000;
  LoadOptions options;
  options.connections = kConnections;
  options.rate = 1000;
  const Endpoint endpoint;
  const Notifier notifier;
  const Clock::time_point start = Clock::now();
  WorkerContext worker(WorkerPlan{options, endpoint, notifier, start, 0, 1, 0, kConnections, kConnections,
                                  WorkerPlan::kUnlimited, 0, 8, 0});
  worker.begin({start, start, start + std::chrono::hours(2)}, {0, kConnections});

  const std::size_t before = test::allocations();
  ASSERT_GT(before, 0u) << "nothing is counted";
  for (std::uint32_t i = 0; i < 20 * kConnections; ++i) {
    const Clock::time_point due = start + microseconds(i);
    worker.sent(due, due, due + microseconds(1));
    worker.answered(i % kConnections, due, due + microseconds(1), due + microseconds(10) * i * i, 64);
    worker.timed_out(i % kConnections, due, due, due + std::chrono::seconds(5));
  }
  EXPECT_EQ(test::allocations() - before, 0u);
  EXPECT_EQ(worker.tallies()[0].times->count(), 40u);
}

}  // namespace
}  // namespace weir::load
