#include "client/slo.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::load {
namespace {

using namespace std::chrono_literals;

TEST(Slo, ReadsEveryKindOfClause) {
  const auto clauses = parse_slo("p99=5ms,p99.99=1s,mean=200us,max=2s,errors=3,errors=0.1%,rate=10k,rate=99%");
  ASSERT_EQ(clauses.size(), 8u);
  EXPECT_EQ(clauses[0].what, SloClause::What::percentile);
  EXPECT_DOUBLE_EQ(clauses[0].percent, 99);
  EXPECT_EQ(clauses[0].time, 5ms);
  EXPECT_EQ(clauses[0].text, "p99=5ms");
  EXPECT_EQ(clauses[0].name, "p99");
  EXPECT_DOUBLE_EQ(clauses[1].percent, 99.99);
  EXPECT_EQ(clauses[2].what, SloClause::What::mean);
  EXPECT_EQ(clauses[2].time, 200us);
  EXPECT_EQ(clauses[3].what, SloClause::What::max);
  EXPECT_EQ(clauses[4].what, SloClause::What::error_count);
  EXPECT_DOUBLE_EQ(clauses[4].number, 3);
  EXPECT_EQ(clauses[5].what, SloClause::What::error_share);
  EXPECT_DOUBLE_EQ(clauses[5].number, 0.001);
  EXPECT_EQ(clauses[6].what, SloClause::What::rate);
  EXPECT_DOUBLE_EQ(clauses[6].number, 10'000);
  EXPECT_EQ(clauses[7].what, SloClause::What::rate_of_plan);
  EXPECT_DOUBLE_EQ(clauses[7].number, 0.99);
}

TEST(Slo, RefusesWhatIsNone) {
  for (const char* text : {"",          ",",
                           "p99",       "p99=",
                           "=5ms",      "p99=5",
                           "p0=5ms",    "p100=5ms",
                           "p=5ms",     "px=5ms",
                           "p1e1=5ms",  "p-5=1ms",
                           "pnan=1ms",  "p99.9999999=1s",
                           "errors=-1", "errors=101%",
                           "errors=x",  "rate=101%",
                           "rate=%",    "latency=5ms",
                           "p99=5ms,",  "p99=5ms,,errors=0",
                           "p99 =5ms",  "mean=1",
                           "max=nan"}) {
    EXPECT_THROW(parse_slo(text), std::invalid_argument) << text;
  }
}

TEST(Slo, SharesArePercentages) {
  EXPECT_DOUBLE_EQ(parse_percent("5%"), 0.05);
  EXPECT_DOUBLE_EQ(parse_percent("0.5%"), 0.005);
  EXPECT_DOUBLE_EQ(parse_percent("1000%"), 10);
  for (const char* text : {"5", "%", "-1%", "1001%", "nan%", "inf%", "5 %", "0x5%", "1e2%"}) {
    EXPECT_THROW(parse_percent(text), std::invalid_argument) << text;
  }
}

}  // namespace
}  // namespace weir::load
