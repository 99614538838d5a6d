// Reports that were kept are read by every later version.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "client/report/json.hpp"
#include "client/report/read_reports.hpp"
#include "tests/support/checkout.hpp"

namespace weir::load {
namespace {

using std::chrono::nanoseconds;

LoadResult kept(const std::string& name) {
  return read_json_file((test::source_folder() / "tests/unit/client/report/fixtures" / name).string());
}

std::vector<std::string> clauses(const LoadResult& result) {
  std::vector<std::string> texts;
  for (const SloClause& clause : result.options.slo) texts.push_back(clause.text);
  return texts;
}

TEST(KeptReports, EchoInAnOpenLoopIsRead) {
  const LoadResult result = kept("echo-open-loop.json");
  EXPECT_TRUE(result.is_echo());
  EXPECT_EQ(result.machine.host, "example");
  EXPECT_EQ(result.options.target.to_string(), "127.0.0.1:7000");
  EXPECT_EQ(result.options.connections, 2u);
  EXPECT_EQ(result.options.rate, 200);
  EXPECT_EQ(result.options.requests, 50u);
  EXPECT_THAT(clauses(result), testing::ElementsAre("p50=1s", "errors=0"));
  EXPECT_EQ(result.options.command.back(), "127.0.0.1:7000");
  EXPECT_EQ(result.ended_by, EndedBy::requests);
  EXPECT_EQ(result.stats[Count::replies], 50u);
  EXPECT_EQ(result.stats[Count::bytes], 3200u);
  EXPECT_EQ(result.times().count(), 50u);
  EXPECT_EQ(result.times().percentile(50), nanoseconds(47'615));
  EXPECT_EQ(result.times().sum(), nanoseconds(17'211'178));
  EXPECT_EQ(result.stats.times[static_cast<std::size_t>(Time::service)].count(), 50u);
  EXPECT_NEAR(result.rate(), 203.926, 0.001);
  EXPECT_EQ(result.spread.p99s.count(), 2u);
  ASSERT_TRUE(result.audit);
  EXPECT_TRUE(result.audit->target_here);
  EXPECT_EQ(result.audit->network.counts[0], 108u) << "OutSegs";
  EXPECT_EQ(result.intervals.size(), 3u);
  EXPECT_EQ(result.stats.failures.total(), 0u);
  EXPECT_EQ(result.exit_status(), 0);
}

TEST(KeptReports, ConnectIsRead) {
  const LoadResult result = kept("connect.json");
  EXPECT_FALSE(result.is_echo());
  EXPECT_TRUE(result.options.exchange);
  EXPECT_EQ(result.options.close_by, CloseBy::fin);
  EXPECT_FALSE(result.options.rate);
  EXPECT_EQ(result.stats[Count::cycles], 20u);
  EXPECT_EQ(result.times().count(), 20u);
  EXPECT_EQ(result.times().percentile(50), nanoseconds(78'719));
  EXPECT_EQ(result.times().sum(), nanoseconds(9'848'542));
  EXPECT_FALSE(result.spread.known());
  EXPECT_TRUE(result.audit);
  EXPECT_EQ(result.exit_status(), 0);
}

TEST(KeptReports, OneWithoutNewerKeysIsReadWithoutThem) {
  const LoadResult result = kept("echo-open-loop-without-newer-keys.json");
  EXPECT_EQ(result.options.rate, 200);
  EXPECT_EQ(result.times().count(), 50u);
  EXPECT_EQ(result.times().percentile(50), nanoseconds(99'007));
  EXPECT_EQ(result.times().sum(), nanoseconds(56'356'968));
  EXPECT_EQ(result.intervals.size(), 3u);
  EXPECT_THAT(result.options.command, testing::IsEmpty());
  EXPECT_THAT(result.options.slo, testing::IsEmpty());
  EXPECT_FALSE(result.spread.known());
  EXPECT_FALSE(result.audit);
  EXPECT_EQ(result.exit_status(), 0);
}

}  // namespace
}  // namespace weir::load
