#include "client/report/load_result.hpp"

#include <gtest/gtest.h>

#include "tests/unit/client/report/example_result.hpp"

namespace weir::load {
namespace {

using std::chrono::nanoseconds;

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

}  // namespace
}  // namespace weir::load
