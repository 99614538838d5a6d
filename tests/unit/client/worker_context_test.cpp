#include "client/worker_context.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <vector>

namespace weir::load {
namespace {

using io::Clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// A worker whose load begins at kStart and which measures from `from()` for ten seconds. No thread: what it is told,
/// it is told with the time.
class WorkerContextTest : public testing::Test {
 protected:
  WorkerContext& make(unsigned thread = 0) {
    plan_.emplace(WorkerPlan{options_, endpoint_, notifier_, kStart, thread, 2, 2 * thread, 4, 2, budget_, 0, 8, 0});
    return context_.emplace(*plan_);
  }
  void begin(Ranks ranks = {}) { context_->begin({kStart, from(), from() + seconds(10)}, ranks); }
  static Clock::time_point from() { return kStart + seconds(2); }
  static Clock::time_point at(int ms) { return from() + milliseconds(ms); }
  bool admits(int ms) { return context_->admits(at(ms)); }
  const WorkerStats& stats() { return context_->stats(); }
  std::uint64_t count(Count what) { return stats()[what]; }

  static inline const Clock::time_point kStart = Clock::now();
  LoadOptions options_;
  Endpoint endpoint_;
  Notifier notifier_;
  std::uint64_t budget_ = WorkerPlan::kUnlimited;
  std::optional<WorkerPlan> plan_;
  std::optional<WorkerContext> context_;
};

TEST_F(WorkerContextTest, AdmitsWhatIsDueFromItsBeginToTheWindowsEnd) {
  make();
  EXPECT_FALSE(admits(0)) << "it has not begun";
  begin();
  EXPECT_TRUE(admits(-1)) << "warmup";
  EXPECT_TRUE(admits(9'999));
  EXPECT_FALSE(admits(10'000));
  EXPECT_FALSE(context_->is_beyond(at(9'999)));
  EXPECT_TRUE(context_->is_beyond(at(10'000)));
}

TEST_F(WorkerContextTest, DrainEndsThePlanEarlierAndNeverLater) {
  make();
  begin();
  context_->drain(at(5'000));
  EXPECT_FALSE(context_->running());
  EXPECT_TRUE(admits(4'999)) << "it was due before the end, however late it is";
  EXPECT_FALSE(admits(5'000));
  context_->drain(at(7'000));
  EXPECT_FALSE(admits(5'000));
  context_->abandon();
  EXPECT_TRUE(context_->abandoned());
}

TEST_F(WorkerContextTest, DrainedBeforeItBeganItNeverBegins) {
  make();
  context_->drain(kStart);
  begin();
  EXPECT_FALSE(context_->running());
  EXPECT_FALSE(admits(0));
  EXPECT_FALSE(admits(-3'000));
}

/// It was interrupted while it waited for its start: what a plan would have had is nobody's business.
TEST_F(WorkerContextTest, OpenLoopThatWasDrainedBeforeItBeganHasNoPlan) {
  for (const Workload workload : {Workload::echo, Workload::connect}) {
    options_.workload = workload;
    options_.rate = 1000;
    make();
    context_->drain(Clock::now());
    EXPECT_TRUE(context_->is_beyond(context_->next_arrivals().due()));
    EXPECT_FALSE(context_->admits(context_->next_arrivals().due()));
    EXPECT_FALSE(context_->admits(context_->take_arrival()));
  }
}

TEST_F(WorkerContextTest, BudgetIsSpentOnWhatIsMeasuredOnly) {
  budget_ = 2;
  make();
  begin();
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(admits(-1));
  EXPECT_TRUE(admits(0));
  EXPECT_TRUE(admits(1));
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(admits(2));
  EXPECT_FALSE(context_->spend());
}

TEST_F(WorkerContextTest, RepliesMakeTheRateWhenTheyComeAndTheLatencyWhenTheirRequestWasDue) {
  make();
  begin();
  const auto answered = [this](int due, int now) { context_->answered(1, at(due), at(due), at(now), 64); };
  answered(-20, -10);       // warmup
  answered(-5, 5);          // due before the window, came in it
  answered(100, 107);       // in it
  answered(9'990, 10'010);  // due in it, came too late
  EXPECT_EQ(count(Count::replies), 2u);
  EXPECT_EQ(count(Count::bytes), 128u);
  EXPECT_EQ(count(Count::done), 4u);
  EXPECT_EQ(stats()[Time::response].count(), 2u);
  EXPECT_EQ(stats()[Time::response].sum(), milliseconds(27));
  EXPECT_EQ(stats()[Time::service].count(), 0u) << "in a closed loop it is the response";
  EXPECT_EQ(context_->tallies()[0].replies, 0u);
  EXPECT_EQ(context_->tallies()[1].replies, 2u);
  EXPECT_EQ(context_->tallies()[1].sum_ns, 27'000'000u);
  EXPECT_EQ(context_->last_reply(), at(10'010));
}

TEST_F(WorkerContextTest, ResponseIsFromWhenItWasDueAndServiceFromWhenItWasSent) {
  options_.rate = 1000;
  make();
  begin();
  context_->answered(0, at(100), at(130), at(135), 64);
  EXPECT_EQ(stats()[Time::response].sum(), milliseconds(35));
  EXPECT_EQ(stats()[Time::service].sum(), milliseconds(5));
  EXPECT_EQ(context_->tallies()[0].sum_ns, 35'000'000u) << "what a user felt";
}

TEST_F(WorkerContextTest, LagIsWhatTheGeneratorIsToBlameForAndHeldWhatTheConnectionIs) {
  options_.rate = 1000;
  make();
  begin();
  context_->sent(at(-5), at(-5), at(5));  // warmup
  EXPECT_EQ(count(Count::sent), 0u);
  context_->sent(at(10), at(0), at(13));  // able in time: 3 ms late
  EXPECT_EQ(count(Count::held), 0u);
  EXPECT_EQ(stats()[Time::lag].sum(), milliseconds(3));
  context_->sent(at(20), at(60), at(61));  // the connection took nothing for 40 ms; 1 ms late
  EXPECT_EQ(count(Count::held), 1u);
  EXPECT_EQ(count(Count::sent), 2u);
  EXPECT_EQ(stats()[Time::lag].sum(), milliseconds(4));
}

TEST_F(WorkerContextTest, ClosedLoopHasNoLag) {
  make();
  begin();
  context_->sent(at(10), at(20), at(20));
  EXPECT_EQ(count(Count::sent), 1u);
  EXPECT_EQ(count(Count::held), 0u);
  EXPECT_EQ(stats()[Time::lag].count(), 0u);
}

TEST_F(WorkerContextTest, RequestWithoutAReplyIsAsSlowAsItIsOld) {
  options_.rate = 1000;
  make();
  begin();
  context_->left_unfinished(0, at(-1), at(5), at(11'000));
  EXPECT_EQ(count(Count::unfinished), 0u) << "due before the window";
  context_->left_unfinished(0, at(9'000), at(9'500), at(11'000));
  EXPECT_EQ(count(Count::unfinished), 1u);
  EXPECT_EQ(stats()[Time::response].sum(), seconds(2));
  EXPECT_EQ(stats()[Time::service].sum(), milliseconds(1'500));
}

TEST_F(WorkerContextTest, RequestThatWasNeverSentIsAsSlowAsItIsOld) {
  options_.rate = 1000;
  make();
  begin();
  context_->left_unsent(0, at(-1), true, at(11'000));
  EXPECT_EQ(count(Count::unsent), 0u);
  context_->left_unsent(0, at(9'000), false, at(11'000));
  EXPECT_EQ(count(Count::unsent), 1u);
  EXPECT_EQ(count(Count::missed), 0u);
  EXPECT_EQ(count(Count::sent), 0u);
  EXPECT_EQ(stats()[Time::response].sum(), seconds(2));
  EXPECT_EQ(stats()[Time::service].count(), 0u);
  context_->left_unsent(0, at(9'500), true, at(11'000));
  EXPECT_EQ(count(Count::unsent), 2u);
  EXPECT_EQ(count(Count::missed), 1u) << "the connection could have taken it";
}

TEST_F(WorkerContextTest, RequestWhoseTimeWasUpIsAsSlowAsUsersWaited) {
  options_.rate = 1000;
  make();
  begin();
  context_->timed_out(0, at(-10), at(-5), at(5'000));
  EXPECT_EQ(stats()[Time::response].count(), 0u);
  context_->timed_out(0, at(100), at(200), at(5'100));
  EXPECT_EQ(stats()[Time::response].sum(), seconds(5));
  EXPECT_EQ(stats()[Time::service].sum(), milliseconds(4'900));
  EXPECT_EQ(count(Count::unfinished), 0u);
  EXPECT_EQ(count(Count::answered), 0u);
}

/// Else a connection that is left hanging would look as fast as it was before.
TEST_F(WorkerContextTest, TimesOfAConnectionHaveItsRequestsWithoutAReplyToo) {
  options_.rate = 1000;
  make();
  begin();
  const auto times = [this](std::size_t index) { return context_->tallies()[index].times->count(); };
  context_->answered(1, at(-2), at(-2), at(-1), 64);  // warmup
  context_->timed_out(1, at(-2), at(-2), at(5'000));
  EXPECT_EQ(times(1), 0u);
  context_->answered(1, at(10), at(10), at(12), 64);
  EXPECT_EQ(times(1), 1u);
  context_->timed_out(1, at(20), at(20), at(5'020));
  context_->left_unfinished(1, at(9'000), at(9'000), at(11'000));
  context_->left_unsent(1, at(9'100), false, at(11'000));
  EXPECT_EQ(times(1), 4u);
  EXPECT_EQ(times(0), 0u) << "the other connection has its own";
  EXPECT_EQ(context_->tallies()[1].replies, 1u);
}

TEST_F(WorkerContextTest, TimesAreThoseOfASampleWhereThereAreManyConnections) {
  constexpr std::uint32_t kMost = ConnectionTimes::kMostConnections;
  const auto sampled = [this](std::uint32_t first, std::uint32_t all) {
    plan_.emplace(WorkerPlan{options_, endpoint_, notifier_, kStart, 0, 1, first, all, 10, budget_, 0, 8, 0});
    const WorkerContext context(*plan_);
    std::vector<std::uint32_t> found;
    for (std::uint32_t i = 0; i < 10; ++i) {
      if (context.tallies()[i].times != nullptr) found.push_back(first + i);
    }
    return found;
  };
  EXPECT_EQ(sampled(0, kMost).size(), 10u);
  EXPECT_EQ(sampled(0, 3 * kMost), (std::vector<std::uint32_t>{0, 3, 6, 9}));
  EXPECT_EQ(sampled(10, 3 * kMost), (std::vector<std::uint32_t>{12, 15, 18})) << "by their number in the whole run";
  options_.workload = Workload::connect;
  EXPECT_TRUE(sampled(0, 10).empty());
}

TEST_F(WorkerContextTest, CyclesOfTheConnectWorkloadAreItsTimes) {
  options_.workload = Workload::connect;
  make();
  begin();
  context_->answered(0, at(1), at(1), at(2), 64);
  EXPECT_EQ(count(Count::done), 0u) << "a cycle is done when it is closed";
  context_->cycled(at(-3), at(3));
  context_->cycled(at(1), at(5));
  EXPECT_EQ(count(Count::cycles), 2u);
  EXPECT_EQ(stats()[Time::cycle].count(), 1u);
  EXPECT_EQ(stats()[Time::cycle].sum(), milliseconds(4));
  EXPECT_EQ(count(Count::done), 2u);
  context_->left_unfinished(0, at(5), at(6), at(25));
  context_->left_unsent(0, at(5), false, at(25));
  EXPECT_EQ(stats()[Time::cycle].sum(), milliseconds(44));
}

TEST_F(WorkerContextTest, HandshakesAreCountedFullOrResumed) {
  const auto shake = [this](int ms, bool resumed) {
    TlsHandshake handshake;
    handshake.done = true;
    handshake.resumed = resumed;
    handshake.took = milliseconds(3);
    context_->shook_hands(at(ms), handshake);
  };
  make();
  begin();
  shake(-5, false);
  shake(5, false);
  shake(6, true);
  EXPECT_EQ(stats()[Time::handshake].count(), 2u) << "of connections that stay, all";
  EXPECT_EQ(stats()[Time::resumed].sum(), milliseconds(3));
  EXPECT_EQ(count(Count::handshakes), 2u);
  EXPECT_EQ(count(Count::resumed), 1u);
  options_.workload = Workload::connect;
  make();
  begin();
  shake(-5, false);
  shake(5, true);
  EXPECT_EQ(stats()[Time::handshake].count(), 0u) << "it was begun before the window";
  EXPECT_EQ(stats()[Time::resumed].count(), 1u);
}

TEST_F(WorkerContextTest, ExampleIsKeptOnce) {
  make();
  context_->note_example("no trust");
  context_->note_example("no trust");
  context_->note_example("");
  context_->note_example("another");
  EXPECT_EQ(stats().examples, (std::vector<std::string>{"no trust", "another"}));
}

TEST_F(WorkerContextTest, NewcomersAreTimedFromWhenTheyWereDue) {
  make();
  begin();
  context_->newcomer_answered(at(-5), at(5));
  context_->newcomer_answered(at(5), at(12));
  EXPECT_EQ(count(Count::newcomers), 2u);
  EXPECT_EQ(stats()[Time::newcomer].count(), 1u);
  EXPECT_EQ(stats()[Time::newcomer].sum(), milliseconds(7));
}

TEST_F(WorkerContextTest, IsFinishedOnceAllAreLaunchedAndTheLastHasEnded) {
  make();
  context_->starting();
  EXPECT_EQ(context_->unsettled(), 1u);
  context_->settled(true);
  EXPECT_EQ(context_->unsettled(), 0u);
  context_->launched(1);  // the other one was never opened
  EXPECT_EQ(context_->live().settled, 2u);
  EXPECT_EQ(context_->live().reached, 1u);
  EXPECT_FALSE(context_->live().finished);
  context_->newcomer_starting();
  context_->finished();
  EXPECT_FALSE(context_->live().finished);
  EXPECT_EQ(context_->unsettled(), 0u);
  context_->finished();
  EXPECT_TRUE(context_->live().finished);
}

TEST_F(WorkerContextTest, KeepsTheFirstExamplesOfWhatFailedAndCountsAll) {
  make();
  for (int i = 0; i < 10; ++i) context_->failed(Failure::io_failed, "example " + std::to_string(i));
  context_->failed(Failure::reset);
  context_->failed(Failure::dropped, {}, 7);
  context_->failed(Failure::dropped, {}, 0);
  EXPECT_EQ(stats().failures.total(), 18u);
  EXPECT_EQ(stats().failures[Failure::dropped], 7u);
  EXPECT_EQ(stats().examples.size(), WorkerStats::kExamples);
  EXPECT_EQ(stats().examples.front(), "example 0");
}

TEST_F(WorkerContextTest, KeepsTheFirstWrongRepliesAndCountsAll) {
  make();
  for (std::uint64_t i = 0; i < 15; ++i) context_->wrong({Failure::lost, 1, i, 0, "", "", "", 0});
  EXPECT_EQ(stats().failures[Failure::lost], 15u);
  ASSERT_EQ(stats().wrong.size(), WorkerStats::kWrong);
  EXPECT_EQ(stats().wrong.back().sequence, 9u);
}

TEST_F(WorkerContextTest, StatsAreHandedOverAndBegunAnew) {
  make();
  begin();
  context_->answered(0, at(1), at(1), at(2), 64);
  const std::unique_ptr<WorkerStats> taken = context_->take_stats(std::make_unique<WorkerStats>());
  EXPECT_EQ((*taken)[Count::done], 1u);
  EXPECT_EQ(count(Count::done), 0u);
  context_->answered(0, at(3), at(3), at(4), 64);
  EXPECT_EQ(count(Count::done), 1u);
}

/// The times of one Arrivals after the other that fall into the first `length`, in order.
std::vector<Clock::time_point> due_within(std::vector<Arrivals> all, Clock::time_point end) {
  std::vector<Clock::time_point> times;
  for (Arrivals& arrivals : all) {
    for (; arrivals.due() < end; arrivals.next()) times.push_back(arrivals.due());
  }
  std::sort(times.begin(), times.end());
  return times;
}

void expect_even(const std::vector<Clock::time_point>& times, Clock::time_point begin, double rate) {
  for (std::size_t i = 0; i < times.size(); ++i) {
    const double expected = static_cast<double>(i) / rate;
    ASSERT_NEAR(std::chrono::duration<double>(times[i] - begin).count(), expected, 1e-8) << i;
  }
}

TEST_F(WorkerContextTest, ConnectionsThatWereReachedTakeTurnsInOnePlan) {
  options_.rate = 1000;
  std::vector<Arrivals> all;
  for (const unsigned thread : {0U, 1U}) {
    make(thread);
    begin({2 * thread, 4});
    all.push_back(context_->next_arrivals());
    all.push_back(context_->next_arrivals());
  }
  const std::vector<Clock::time_point> times = due_within(all, kStart + seconds(1));
  EXPECT_EQ(times.size(), 1000u);
  expect_even(times, kStart, 1000);
}

TEST_F(WorkerContextTest, WhoeverIsFreeTakesTheNextArrivalOfItsWorker) {
  options_.workload = Workload::connect;
  options_.rate = 1000;
  make();
  for (int i = 0; i < 2; ++i) {
    context_->starting();
    context_->settled(true);
  }
  begin({2, 4});
  std::vector<milliseconds> due;
  for (int i = 0; i < 4; ++i) due.push_back(std::chrono::round<milliseconds>(context_->take_arrival() - kStart));
  EXPECT_EQ(due, (std::vector{milliseconds(2), milliseconds(3), milliseconds(6), milliseconds(7)}));
}

/// Each worker has its own share of them, and together they are as even as the plan says.
TEST_F(WorkerContextTest, NewcomersOfAllWorkersTakeTurns) {
  options_.connections = 4;
  options_.newcomers = 100;
  std::vector<Arrivals> all;
  for (const unsigned thread : {0U, 1U}) {
    make(thread);
    begin();
    all.push_back(context_->newcomer_arrivals());
  }
  const std::vector<Clock::time_point> times = due_within(all, kStart + seconds(1));
  EXPECT_EQ(times.size(), 100u);
  expect_even(times, kStart, 100);
}

TEST_F(WorkerContextTest, PoissonNewcomersOfTwoWorkersDoNotComeInPairs) {
  options_.connections = 4;
  options_.newcomers = 100;
  options_.arrivals = ArrivalKind::poisson;
  std::vector<Arrivals> all;
  for (const unsigned thread : {0U, 1U}) {
    make(thread);
    begin();
    all.push_back(context_->newcomer_arrivals());
  }
  std::vector<Clock::time_point> times = due_within(all, kStart + seconds(100));
  EXPECT_NEAR(static_cast<double>(times.size()), 10'000, 500);
  EXPECT_EQ(std::adjacent_find(times.begin(), times.end()), times.end());
}

}  // namespace
}  // namespace weir::load
