#include "client/idle/idle_summary.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "client/idle/idle_report.hpp"

namespace weir::load {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const io::Clock::time_point kBegan{seconds(1000)};

IdleTally ended(IdleEnd end, milliseconds after) {
  IdleTally tally;
  tally.end = end;
  tally.port = 40'000;
  tally.opened = kBegan;
  tally.ended = kBegan + after;
  return tally;
}

IdleTally failed(Failure failure) {
  IdleTally tally;
  tally.failure = failure;
  return tally;
}

IdleSummary summary_of(std::vector<IdleTally> tallies) {
  IdleSummary summary;
  summary.options.target = parse_address("127.0.0.1:7000", AddressUse::target);
  summary.options.connections = static_cast<std::uint32_t>(tallies.size());
  summary.began = kBegan;
  summary.seconds = 60;
  summary.tallies = std::move(tallies);
  return summary;
}

TEST(IdleEndOf, TellsAResetFromATimeout) {
  EXPECT_EQ(idle_end_of(ECONNRESET), IdleEnd::rst);
  EXPECT_EQ(idle_end_of(ETIMEDOUT), IdleEnd::timed_out);
  EXPECT_EQ(idle_end_of(EHOSTUNREACH), IdleEnd::failed);
}

TEST(IdleSummary, NamesTheFirstThatEnded) {
  const IdleSummary summary = summary_of({ended(IdleEnd::open, seconds(60)), ended(IdleEnd::rst, seconds(30)),
                                          ended(IdleEnd::fin, seconds(10)), ended(IdleEnd::fin, seconds(20))});
  EXPECT_THAT(summary.first_ended(10), ElementsAre(2, 3, 1));
  EXPECT_THAT(summary.first_ended(2), ElementsAre(2, 3));
  EXPECT_THAT(summary.lifetimes(), ElementsAre(seconds(10), seconds(20), seconds(30)));
  EXPECT_EQ(summary.ended(), 3U);
  EXPECT_EQ(summary.reached(), 4U);
}

TEST(IdleSummary, EndsAreNoFailureUnlessTheyAreLimited) {
  IdleSummary summary = summary_of({ended(IdleEnd::fin, seconds(1)), ended(IdleEnd::fin, seconds(1))});
  EXPECT_EQ(summary.exit_status(), 0);
  summary.options.max_ended = 2;
  EXPECT_EQ(summary.exit_status(), 0);
  summary.options.max_ended = 1;
  EXPECT_EQ(summary.exit_status(), 1);
}

TEST(IdleSummary, ConnectsThatFailAreFailures) {
  IdleSummary summary = summary_of({ended(IdleEnd::open, seconds(1)), failed(Failure::refused)});
  EXPECT_EQ(summary.exit_status(), 1);
  summary.options.max_errors = 1;
  EXPECT_EQ(summary.exit_status(), 0);
}

TEST(LifetimeRows, AreOneWhereAllAreTheSame) {
  const auto rows = lifetime_rows({seconds(30), seconds(30) + milliseconds(3)}, 10);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].count, 2U);
}

TEST(LifetimeRows, HoldEveryLifetimeOnce) {
  std::vector<io::Clock::duration> sorted;
  for (int i = 0; i <= 100; ++i) sorted.emplace_back(seconds(i));
  std::uint64_t sum = 0;
  for (const LifetimeRow& row : lifetime_rows(sorted, 10)) {
    EXPECT_THAT(row.count, testing::AnyOf(10U, 11U));
    sum += row.count;
  }
  EXPECT_EQ(sum, 101U);
}

TEST(LifetimeRows, AreNoneOfNothing) { EXPECT_TRUE(lifetime_rows({}, 10).empty()); }

TEST(IdleReport, SaysHowManyEndedHowAndWhen) {
  const IdleSummary summary = summary_of({ended(IdleEnd::open, seconds(60)), ended(IdleEnd::rst, seconds(30)),
                                          ended(IdleEnd::fin, seconds(10)), ended(IdleEnd::timed_out, seconds(20))});
  const std::string text = idle_text_report(summary);
  EXPECT_THAT(text, HasSubstr("           1  still open\n"));
  EXPECT_THAT(text, HasSubstr("           1  closed (FIN)\n"));
  EXPECT_THAT(text, HasSubstr("           1  reset (RST)\n"));
  EXPECT_THAT(text, HasSubstr("           1  timed out (keepalive)\n"));
  EXPECT_THAT(text, HasSubstr("min 10.0 s, p50 20.0 s, max 30.0 s"));
  EXPECT_THAT(text, HasSubstr("           2       40000       10.0 s    10.0 s  closed (FIN)\n"));
  EXPECT_THAT(text, Not(HasSubstr("Errors")));
}

}  // namespace
}  // namespace weir::load
