#include "client/report/slo_findings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/client/report/example_result.hpp"

namespace weir::load {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

SloFinding judge(const LoadResult& result, const std::string& clause) {
  return slo_findings(result, parse_slo(clause)).at(0);
}

TEST(SloFindings, TimesAreMetUpToTheirLimit) {
  LoadResult result = example();  // 1 to 1000 us
  EXPECT_TRUE(judge(result, "p50=501us").met);
  EXPECT_FALSE(judge(result, "p50=499us").met);
  EXPECT_EQ(judge(result, "p50=1ms").found_time, result.times().percentile(50));
  EXPECT_TRUE(judge(result, "max=1ms").met) << "the limit itself is met";
  EXPECT_FALSE(judge(result, "max=999us").met);
  EXPECT_TRUE(judge(result, "mean=501us").met);
  EXPECT_FALSE(judge(result, "mean=500us").met) << "it is 500.5 us";
  EXPECT_THAT(judge(result, "p50=100us").sentence, HasSubstr("p50 is 500 us, more than 100 us"));
}

TEST(SloFindings, PercentileOfFewValuesSaysSo) {
  const LoadResult result = example();
  EXPECT_THAT(judge(result, "p99.9=1s").sentence, HasSubstr("rests on the slowest 1 of 1,000"));
  EXPECT_THAT(judge(result, "p99=1s").sentence, testing::Not(HasSubstr("rests on")));
}

TEST(SloFindings, WithoutAReplyNoClauseAboutTimesIsMet) {
  LoadResult result = example();
  result.stats[Time::response].clear();
  for (const char* clause : {"p50=1h", "mean=1h", "max=1h"}) EXPECT_FALSE(judge(result, clause).met) << clause;
}

TEST(SloFindings, ErrorsAreCountedOrAShareOfWhatWasAttempted) {
  LoadResult result = example();  // 1000 answered, one refused
  EXPECT_TRUE(judge(result, "errors=1").met);
  EXPECT_FALSE(judge(result, "errors=0").met);
  EXPECT_TRUE(judge(result, "errors=0.1%").met) << "1 of 1001";
  EXPECT_FALSE(judge(result, "errors=0.09%").met);
  EXPECT_DOUBLE_EQ(judge(result, "errors=1%").found, 1.0 / 1001);
  LoadResult cycles = connect_example();
  EXPECT_DOUBLE_EQ(judge(cycles, "errors=1%").found, 1.0 / 501);
}

TEST(SloFindings, RateIsAbsoluteOrAShareOfThePlan) {
  LoadResult result = open_loop_example();  // 100 a second of 100
  EXPECT_TRUE(judge(result, "rate=100").met);
  EXPECT_FALSE(judge(result, "rate=101").met);
  EXPECT_TRUE(judge(result, "rate=100%").met);
  result.options.rate = 200;
  EXPECT_TRUE(judge(result, "rate=50%").met);
  EXPECT_FALSE(judge(result, "rate=51%").met);
}

TEST(SloFindings, DecideTheExitStatus) {
  LoadResult result = example();
  result.options.max_errors = 1;
  result.options.slo = parse_slo("p50=1ms");
  EXPECT_EQ(result.exit_status(), 0);
  result.options.slo = parse_slo("p50=1ms,p99=1us");
  EXPECT_EQ(result.exit_status(), 3) << "one clause that is not met is enough";
  result.options.max_errors = 0;
  EXPECT_EQ(result.exit_status(), 1) << "more failed than was allowed";
  result.options.slo = parse_slo("errors=1");
  EXPECT_EQ(result.exit_status(), 0) << "the clause decides in place of --max-errors";
  result.options.slo = parse_slo("errors=0");
  EXPECT_EQ(result.exit_status(), 3);
  result.stats.failures.add(Failure::corrupt);
  result.options.slo = parse_slo("errors=100");
  EXPECT_EQ(result.exit_status(), 4);
}

}  // namespace
}  // namespace weir::load
