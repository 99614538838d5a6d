#include "client/worker_context.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace weir::load {
namespace {

using io::Clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// A worker that measures from `from()` for ten seconds. No thread: what it is told, it is told with the time.
class WorkerContextTest : public testing::Test {
 protected:
  WorkerContext& make() {
    return context_.emplace(WorkerPlan{options_, endpoint_, notifier_, kStart, 0, 0, 2, budget_, 0, 8, 0});
  }
  void begin() { context_->begin({from(), from() + seconds(10)}); }
  static Clock::time_point from() { return kStart + seconds(2); }
  bool admits(milliseconds after_from) { return context_->admits(from() + after_from); }

  static inline const Clock::time_point kStart = Clock::now();
  LoadOptions options_;
  Endpoint endpoint_;
  Notifier notifier_;
  std::uint64_t budget_ = WorkerPlan::kUnlimited;
  std::optional<WorkerContext> context_;
};

TEST_F(WorkerContextTest, SendsFromItsBeginToTheWindowsEnd) {
  make();
  EXPECT_FALSE(admits(milliseconds(0))) << "it has not begun";
  begin();
  EXPECT_TRUE(admits(milliseconds(-1))) << "warmup";
  EXPECT_TRUE(admits(milliseconds(9'999)));
  EXPECT_FALSE(admits(milliseconds(10'000)));
  context_->drain();
  EXPECT_FALSE(admits(milliseconds(0)));
  EXPECT_FALSE(context_->running());
}

TEST_F(WorkerContextTest, BudgetIsSpentOnWhatIsMeasuredOnly) {
  budget_ = 2;
  make();
  begin();
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(admits(milliseconds(-1)));
  EXPECT_TRUE(admits(milliseconds(0)));
  EXPECT_TRUE(admits(milliseconds(1)));
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(admits(milliseconds(2)));
  EXPECT_FALSE(context_->spend());
}

TEST_F(WorkerContextTest, RepliesMakeTheRateWhenTheyComeAndTheLatencyWhenTheirRequestWasSent) {
  make();
  begin();
  const auto answered = [this](int sent_ms, int now_ms) {
    context_->answered(1, from() + milliseconds(sent_ms), from() + milliseconds(now_ms), 64);
  };
  answered(-20, -10);       // warmup
  answered(-5, 5);          // sent before the window, came in it
  answered(100, 107);       // in it
  answered(9'990, 10'010);  // sent in it, came too late
  const WorkerStats& stats = context_->stats();
  EXPECT_EQ(stats.replies_in_window, 2u);
  EXPECT_EQ(stats.bytes_in_window, 128u);
  EXPECT_EQ(stats.response.count(), 2u);
  EXPECT_EQ(stats.response.sum(), milliseconds(27));
  EXPECT_EQ(stats.tallies[0].replies, 0u);
  EXPECT_EQ(stats.tallies[1].replies, 2u);
  EXPECT_EQ(stats.tallies[1].sum_ns, 27'000'000u);
  EXPECT_EQ(context_->last_reply(), from() + milliseconds(10'010));
  EXPECT_EQ(context_->live().done, 4u);
}

TEST_F(WorkerContextTest, RequestWithoutAReplyIsAsSlowAsItIsOld) {
  make();
  begin();
  context_->left_unfinished(from() - milliseconds(1), from() + seconds(11));
  EXPECT_EQ(context_->stats().unfinished, 0u) << "sent before the window";
  context_->left_unfinished(from() + seconds(9), from() + seconds(11));
  EXPECT_EQ(context_->stats().unfinished, 1u);
  EXPECT_EQ(context_->stats().response.max(), seconds(2));
}

TEST_F(WorkerContextTest, CyclesOfTheConnectWorkloadAreItsTimes) {
  options_.workload = Workload::connect;
  make();
  begin();
  context_->answered(0, from() + milliseconds(1), from() + milliseconds(2), 64);
  EXPECT_EQ(context_->live().done, 0u) << "a cycle is done when it is closed";
  context_->cycled(from() - milliseconds(3), from() + milliseconds(3));
  context_->cycled(from() + milliseconds(1), from() + milliseconds(5));
  EXPECT_EQ(context_->stats().cycles_in_window, 2u);
  EXPECT_EQ(context_->times().count(), 1u);
  EXPECT_EQ(context_->times().sum(), milliseconds(4));
  EXPECT_EQ(context_->live().done, 2u);
}

TEST_F(WorkerContextTest, IsFinishedOnceAllAreLaunchedAndTheLastHasEnded) {
  make();
  context_->starting();
  context_->settled(true);
  context_->launched(1);  // the other one was never opened
  EXPECT_EQ(context_->live().settled, 2u);
  EXPECT_EQ(context_->live().reached, 1u);
  EXPECT_FALSE(context_->live().finished);
  context_->finished();
  EXPECT_TRUE(context_->live().finished);
}

TEST_F(WorkerContextTest, KeepsTheFirstExamplesOfWhatFailedAndCountsAll) {
  make();
  for (int i = 0; i < 10; ++i) context_->failed(Failure::corrupt, "example " + std::to_string(i));
  context_->failed(Failure::reset);
  EXPECT_EQ(context_->stats().failures.total(), 11u);
  EXPECT_EQ(context_->stats().examples.size(), WorkerStats::kExamples);
  EXPECT_EQ(context_->stats().examples.front(), "example 0");
}

}  // namespace
}  // namespace weir::load
