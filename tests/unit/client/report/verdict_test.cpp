#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/report/load_result.hpp"
#include "tests/unit/client/report/example_result.hpp"

namespace weir::load {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using testing::ElementsAre;
using testing::HasSubstr;

void set_lag(LoadResult& result, nanoseconds lag) {
  result.stats[Time::lag].clear();
  for (int i = 0; i < 1000; ++i) result.stats[Time::lag].record(lag);
}

TEST(Verdict, IsNothingWithoutLoadOrWithTooLittle) {
  LoadResult result = example();
  result.cpu_seconds = 0.1;
  result.window_seconds = 0.49;
  EXPECT_EQ(result.verdict().limited_by, "nothing");
  EXPECT_THAT(result.verdict().reason, HasSubstr("too short"));
  result.window_seconds = 0.5;
  EXPECT_EQ(result.verdict().limited_by, "server");
  result.stats[Count::sent] = 99;
  EXPECT_EQ(result.verdict().limited_by, "nothing");
  result.stats[Count::sent] = 100;
  EXPECT_EQ(result.verdict().limited_by, "server");
  result.stats[Count::sent] = 0;
  EXPECT_EQ(result.verdict().limited_by, "nothing");
  EXPECT_EQ(result.verdict().reason, "no load was made");
}

TEST(Verdict, OfAClosedLoopIsTheOneWhoIsBusy) {
  LoadResult result = example();
  EXPECT_EQ(result.verdict().limited_by, "server");
  result.cpu_seconds = 17.9;
  EXPECT_EQ(result.verdict().limited_by, "server");
  result.cpu_seconds = 18;
  result.machine_busy = 0.99;
  EXPECT_EQ(result.verdict().limited_by, "generator");
  EXPECT_THAT(result.verdict().reason, HasSubstr("90 %"));
  result.cpu_seconds = 4;
  EXPECT_EQ(result.verdict().limited_by, "machine");
  result.machine_busy = 0.89;
  EXPECT_EQ(result.verdict().limited_by, "server");
  result.stats[Count::replies] = 0;
  result.cpu_seconds = 18;
  EXPECT_EQ(result.verdict().limited_by, "server") << "nothing came back at all";
}

TEST(Verdict, OfAnOpenLoopIsTheRateWhenThePlanWasKept) {
  const LoadResult result = open_loop_example();
  EXPECT_EQ(result.verdict().limited_by, "rate");
  EXPECT_THAT(result.verdict().reason, HasSubstr("every request was sent when it was due"));
}

TEST(Verdict, OfAnOpenLoopIsTheGeneratorWhenItWasLate) {
  LoadResult result = open_loop_example();
  result.stats[Time::response].clear();
  for (int i = 0; i < 1000; ++i) result.stats[Time::response].record(milliseconds(100));
  set_lag(result, microseconds(999));
  EXPECT_EQ(result.verdict().limited_by, "rate");
  set_lag(result, microseconds(1'002));
  EXPECT_EQ(result.verdict().limited_by, "generator");
  EXPECT_THAT(result.verdict().reason, HasSubstr("more than 1 ms"));
  EXPECT_THAT(result.verdict().reason, HasSubstr("this run measures weir-load"));

  result = open_loop_example();  // response p99 990 us
  set_lag(result, microseconds(98));
  EXPECT_EQ(result.verdict().limited_by, "rate");
  set_lag(result, microseconds(101));
  EXPECT_EQ(result.verdict().limited_by, "generator");
  EXPECT_THAT(result.verdict().reason, HasSubstr("a tenth of the response p99"));
}

TEST(Verdict, OfAnOpenLoopIsTheGeneratorWhenItDidNotSendThePlan) {
  LoadResult result = open_loop_example();
  result.stats[Count::unsent] = result.stats[Count::missed] = 10;
  EXPECT_EQ(result.verdict().limited_by, "rate") << "one in a hundred is not more than one in a hundred";
  result.stats[Count::unsent] = result.stats[Count::missed] = 1000;
  EXPECT_EQ(result.verdict().limited_by, "generator");
  EXPECT_THAT(result.verdict().reason, HasSubstr("only 50 % of the plan was sent"));
}

/// What the connections could not take, whether they were full or lost, is not the generator's fault.
TEST(Verdict, OfAnOpenLoopIsTheServerWhenTheConnectionsTookNoMore) {
  LoadResult result = open_loop_example();
  result.stats[Count::unsent] = 1000;
  EXPECT_EQ(result.verdict().limited_by, "server");
  EXPECT_THAT(result.verdict().reason, HasSubstr("50 % of what was planned came to nothing"));
}

TEST(Verdict, OfAnOpenLoopIsTheServerWhenRequestsFailed) {
  LoadResult result = open_loop_example();
  result.stats[Count::answered] = 990;
  EXPECT_EQ(result.verdict().limited_by, "rate");
  result.stats[Count::answered] = 500;
  EXPECT_EQ(result.verdict().limited_by, "server");
  EXPECT_THAT(result.verdict().reason, HasSubstr("50 %"));
  set_lag(result, milliseconds(5));
  EXPECT_EQ(result.verdict().limited_by, "server") << "so much is not the lateness of a generator";
}

TEST(Verdict, OfAClosedLoopIsTheServerWhenMuchFailed) {
  LoadResult result = example();
  result.stats.failures.add(Failure::refused, 200);
  EXPECT_EQ(result.verdict().limited_by, "server");
  EXPECT_THAT(result.verdict().reason, HasSubstr("more than a tenth of the requests and connects failed"));
}

TEST(Verdict, OfAnOpenLoopDoesNotSayThatWhatWasHeldWasSentInTime) {
  LoadResult result = open_loop_example();
  result.stats[Count::held] = 250;
  EXPECT_EQ(result.verdict().limited_by, "rate");
  EXPECT_THAT(result.verdict().reason, testing::Not(HasSubstr("every request was sent when it was due")));
  EXPECT_THAT(result.verdict().reason, HasSubstr("25 %"));
}

/// Whoever would have set the limit next is named as well.
TEST(Verdict, HasAReasonForEachThatSpeaksAgainstSomebody) {
  LoadResult result = example();
  EXPECT_EQ(result.verdict().reasons, std::vector{result.verdict().reason});
  result.cpu_seconds = 19;
  result.machine_busy = 1;
  result.retransmits = 100;
  result.audit.emplace();
  result.audit->network[NetworkCounter::segments_sent] = 1'000;
  EXPECT_EQ(result.verdict().limited_by, "generator");
  EXPECT_THAT(result.verdict().reasons,
              ElementsAre(HasSubstr("weir-load used 95 %"), HasSubstr("processors were 100 %"),
                          HasSubstr("100 TCP segments were sent again")));
  EXPECT_EQ(result.verdict().reason, result.verdict().reasons.front());
}

/// What a run shows that had not its processors to itself is neither the generator nor the server.
TEST(Verdict, IsTheMachineWhereItsProcessorsWereTakenAway) {
  for (LoadResult result : {example(), open_loop_example()}) {
    result.cpu_seconds = 19;
    set_lag(result, milliseconds(20));
    EXPECT_EQ(result.verdict().limited_by, "generator");
    result.audit.emplace();
    result.audit->stolen = 0.2;
    EXPECT_EQ(result.verdict().limited_by, "machine");
    EXPECT_EQ(result.verdict().reasons.size(), 2u);
    result.audit->stolen = 0;
    result.audit->throttling = {10, 5, std::chrono::seconds(1)};
    EXPECT_EQ(result.verdict().limited_by, "machine");
  }
}

TEST(Verdict, OfAnOpenLoopIsTheNetworkWhereMuchWasSentAgain) {
  LoadResult result = open_loop_example();
  result.retransmits = 50;
  result.audit.emplace();
  result.audit->network[NetworkCounter::segments_sent] = 1'000;
  EXPECT_EQ(result.verdict().limited_by, "network");
  result.stats[Count::answered] = 950;
  EXPECT_EQ(result.verdict().limited_by, "network");
  EXPECT_THAT(result.verdict().reasons, ElementsAre(HasSubstr("sent again"), HasSubstr("came to nothing")));
  result.stats[Count::answered] = 500;
  EXPECT_EQ(result.verdict().limited_by, "server") << "so much is lost by no network that answers the others";
}

/// Connects that never reached the target's queue are why requests fail.
TEST(Verdict, IsTheNetworkWhereConnectsWereDropped) {
  LoadResult result = connect_example();
  result.audit.emplace();
  result.audit->target_here = true;
  result.audit->network[NetworkCounter::listen_overflows] = 400;
  result.stats.failures.add(Failure::connect_timeout, 400);
  EXPECT_EQ(result.verdict().limited_by, "network");
  EXPECT_THAT(result.verdict().reasons, ElementsAre(HasSubstr("dropped 400 connects"), HasSubstr("a tenth")));
  result.options.rate = 100;
  result.stats[Count::answered] = 600;
  EXPECT_EQ(result.verdict().limited_by, "network");
}

}  // namespace
}  // namespace weir::load
