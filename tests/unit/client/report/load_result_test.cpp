#include "client/report/load_result.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/client/report/example_result.hpp"

namespace weir::load {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using testing::HasSubstr;

void set_lag(LoadResult& result, nanoseconds lag) {
  result.stats[Time::lag].clear();
  for (int i = 0; i < 1000; ++i) result.stats[Time::lag].record(lag);
}

TEST(LoadResult, RateIsOfRepliesOrOfCycles) {
  LoadResult result = example();
  result.stats[Count::cycles] = 50;
  EXPECT_DOUBLE_EQ(result.rate(), 100);
  EXPECT_DOUBLE_EQ(result.byte_rate(), 6400);
  result.options.workload = Workload::connect;
  EXPECT_DOUBLE_EQ(result.rate(), 5);
  result.window_seconds = 0;
  EXPECT_DOUBLE_EQ(result.rate(), 0);
  EXPECT_DOUBLE_EQ(result.byte_rate(), 0);
  EXPECT_DOUBLE_EQ(result.generator_share(), 0);
}

TEST(LoadResult, GeneratorsShareIsOfTheProcessorsThatItsThreadsCanUse) {
  LoadResult result = example();
  EXPECT_DOUBLE_EQ(result.generator_share(), 0.2) << "two processors, ten seconds, four of them used";
  result.processors = 8;
  EXPECT_DOUBLE_EQ(result.generator_share(), 0.05);
  result.processors = 0;
  EXPECT_DOUBLE_EQ(result.generator_share(), 0);
}

TEST(LoadResult, WrongRepliesWinOverFailuresAndAreNotForgiven) {
  LoadResult result = example();
  EXPECT_EQ(result.exit_status(), 1);
  result.options.max_errors = 1;
  EXPECT_EQ(result.exit_status(), 0);
  result.stats.failures.add(Failure::cut_short);
  result.options.max_errors = 100;
  EXPECT_EQ(result.exit_status(), 4);
}

TEST(LoadResult, WithoutAnyConnectionItFailsWhateverIsForgiven) {
  LoadResult result = example();
  result.options.max_errors = 100;
  EXPECT_EQ(result.exit_status(), 0);
  result.ended_by = EndedBy::no_connection;
  EXPECT_EQ(result.exit_status(), 1);
}

TEST(FairShare, NamesTheFastestAndTheSlowestInWhateverOrderTheyCome) {
  FairShare share;
  for (const std::uint64_t sum : {30'000, 90'000, 10'000, 20'000}) share.add({10, sum});
  EXPECT_EQ(share.fastest_mean, nanoseconds(1000));
  EXPECT_EQ(share.slowest_mean, nanoseconds(9000));
  EXPECT_DOUBLE_EQ(share.jain(4), 1);
  EXPECT_EQ(share.starved(4), 0u);
}

TEST(FairShare, StarvedConnectionsCount) {
  FairShare share;
  share.add({500, 500'000});
  share.add({0, 0});
  share.add({500, 1'000'000});
  EXPECT_EQ(share.served, 2u);
  EXPECT_DOUBLE_EQ(share.jain(3), 2.0 / 3);
  EXPECT_EQ(share.starved(3), 1u);
  EXPECT_DOUBLE_EQ(FairShare().jain(3), 1);
}

TEST(FairShare, OfSeveralGeneratorsAddUp) {
  FairShare together;
  FairShare one;
  FairShare other;
  for (const std::uint64_t replies : {3, 5, 8}) {
    together.add({replies, replies * 1000});
    one.add({replies, replies * 1000});
  }
  for (const std::uint64_t replies : {2, 9}) {
    together.add({replies, replies * 500});
    other.add({replies, replies * 500});
  }
  one.merge(other);
  one.merge(FairShare());
  EXPECT_EQ(one.served, together.served);
  EXPECT_DOUBLE_EQ(one.jain(6), together.jain(6));
  EXPECT_EQ(one.fastest_mean, nanoseconds(500));
  EXPECT_EQ(one.slowest_mean, nanoseconds(1000));
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

}  // namespace
}  // namespace weir::load
