#include "client/report/audit_findings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/client/report/example_result.hpp"

namespace weir::load {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// The example with an audit that counted nothing.
LoadResult audited() {
  LoadResult result = example();
  result.stats.failures = {};
  result.audit.emplace();
  result.audit->target_here = true;
  result.audit->network[NetworkCounter::segments_sent] = 100'000;
  return result;
}

/// The connect workload, of which every cycle is a connect.
LoadResult audited_connects() {
  LoadResult result = audited();
  result.options.workload = Workload::connect;
  result.stats[Count::cycles] = 1'000;
  result.stats[Time::cycle].merge(result.stats[Time::response]);
  return result;
}

std::size_t number_of(const AuditFindings& findings) {
  return findings.connects.size() + findings.machine.size() + findings.network.size() + findings.remarks.size();
}

TEST(AuditFindings, OfNothingAreNone) {
  EXPECT_EQ(number_of(audit_findings(audited())), 0u);
  EXPECT_EQ(number_of(audit_findings(example())), 0u) << "a report of an earlier version";
}

TEST(AuditFindings, ThrottledPeriodsSpoilARunFromOneInAHundredOn) {
  LoadResult result = audited();
  result.audit->throttling = {1'000, 9, std::chrono::seconds(1)};
  EXPECT_THAT(audit_findings(result).machine, IsEmpty());
  EXPECT_THAT(audit_findings(result).remarks,
              ElementsAre("the cgroup of weir-load had used up its CPU quota in 9 of 1,000 periods and stood still "
                          "until the next"));
  result.audit->throttling = {100, 1, std::chrono::seconds(1)};
  EXPECT_THAT(audit_findings(result).machine, ElementsAre(HasSubstr("1 of 100 periods")));
  EXPECT_THAT(audit_findings(result).remarks, IsEmpty());
  EXPECT_EQ(result.verdict().limited_by, "machine");
  EXPECT_THAT(result.verdict().reason, HasSubstr("raise the quota"));
}

TEST(AuditFindings, StolenTimeIsToldAndThenSpoilsARun) {
  LoadResult result = audited();
  result.audit->stolen = 0.009;
  EXPECT_EQ(number_of(audit_findings(result)), 0u);
  result.audit->stolen = 0.049;
  EXPECT_THAT(audit_findings(result).remarks, ElementsAre(HasSubstr("gave 5 % of the processors' time to others")));
  EXPECT_EQ(result.verdict().limited_by, "server");
  result.audit->stolen = 0.05;
  EXPECT_THAT(audit_findings(result).remarks, IsEmpty());
  EXPECT_EQ(result.verdict().limited_by, "machine");
}

TEST(AuditFindings, FullListenQueueIsTheTargetsWhereThatIsHere) {
  LoadResult result = audited_connects();
  result.audit->network[NetworkCounter::listen_overflows] = 312;
  result.audit->network[NetworkCounter::listen_drops] = 312;
  EXPECT_THAT(audit_findings(result).connects,
              ElementsAre("the kernel dropped 312 connects because a listen queue on this machine was full: the "
                          "target's backlog is too short, or it accepts too slowly"));
  EXPECT_EQ(result.verdict().limited_by, "network");
  result.audit->target_here = false;
  EXPECT_THAT(audit_findings(result).connects, IsEmpty());
  EXPECT_THAT(audit_findings(result).remarks, ElementsAre(HasSubstr("not the target's, which is elsewhere")));
  EXPECT_EQ(result.verdict().limited_by, "server");
}

TEST(AuditFindings, FewDroppedConnectsAreRemarks) {
  LoadResult result = audited_connects();
  result.audit->network[NetworkCounter::listen_drops] = 9;
  EXPECT_THAT(audit_findings(result).remarks, ElementsAre("the kernel dropped 9 connects to this machine"));
  result.audit->network[NetworkCounter::listen_drops] = 10;
  result.audit->network[NetworkCounter::listen_overflows] = 4;
  EXPECT_THAT(audit_findings(result).connects,
              ElementsAre(HasSubstr("dropped 10 connects, 4 of them because a listen")));
}

/// A run whose connections all stand before it measures is not limited by connects that others lose.
TEST(AuditFindings, DroppedConnectsDoNotLimitWhoMakesNone) {
  LoadResult result = audited();
  result.audit->network[NetworkCounter::listen_drops] = 10'000;
  EXPECT_THAT(audit_findings(result).connects, IsEmpty());
  EXPECT_EQ(audit_findings(result).remarks.size(), 1u);
  result.stats[Count::renewed] = 1'000;
  EXPECT_EQ(audit_findings(result).connects.size(), 1u);
}

TEST(AuditFindings, ConnectsThatWereDroppedBeforeTheWindowAreTold) {
  LoadResult result = audited_connects();
  result.audit->network_before[NetworkCounter::listen_overflows] = 1;
  EXPECT_THAT(audit_findings(result).connects, IsEmpty());
  EXPECT_THAT(audit_findings(result).remarks,
              ElementsAre(HasSubstr("before the measured time, the kernel dropped 1 connect because a listen queue")));
}

TEST(AuditFindings, WhatWasSentAgainSetsTheLimitFromOneInAHundredOn) {
  LoadResult result = audited();
  result.retransmits = 12;
  result.audit->network[NetworkCounter::segments_sent] = 60'000;
  EXPECT_THAT(audit_findings(result).remarks,
              ElementsAre("12 TCP segments were sent again by this machine, 0.02 % of those sent"));
  result.audit->network[NetworkCounter::segments_sent] = 1'200;
  result.audit->network[NetworkCounter::timeouts] = 1;
  result.audit->network[NetworkCounter::syns_sent_again] = 3;
  EXPECT_THAT(audit_findings(result).network,
              ElementsAre("12 TCP segments were sent again by this machine, 1 % of those sent, 3 of them to "
                          "connect; once a timer ran out first, which takes 200 ms and more"));
  EXPECT_EQ(result.verdict().limited_by, "network");
  result.retransmits = 9;
  result.audit->network[NetworkCounter::segments_sent] = 100;
  EXPECT_THAT(audit_findings(result).network, IsEmpty()) << "nine are chance";
}

TEST(AuditFindings, LostSegmentsDoNotLimitAUnixSocket) {
  LoadResult result = audited();
  result.endpoint = "unix:/run/echo";
  result.retransmits = 1'000;
  result.audit->network[NetworkCounter::segments_sent] = 1'000;
  EXPECT_THAT(audit_findings(result).network, IsEmpty());
  EXPECT_EQ(audit_findings(result).remarks.size(), 1u);
}

TEST(AuditFindings, OfAnEarlierVersionHaveWhatWasSentAgain) {
  LoadResult result = example();
  result.retransmits = 1;
  EXPECT_THAT(audit_findings(result).remarks, ElementsAre("1 TCP segment was sent again by this machine"));
}

TEST(AuditFindings, WaitsForAProcessorAreTold) {
  LoadResult result = audited();  // ten seconds on two processors
  result.audit->involuntary = 1'999;
  result.audit->pressure = 0.19;
  EXPECT_EQ(number_of(audit_findings(result)), 0u);
  result.audit->pressure = 0.2;
  EXPECT_THAT(audit_findings(result).remarks,
              ElementsAre("something on this machine waited for a processor during 20 % of the time, and weir-load was "
                          "preempted 1,999 times: the latencies have such waits in them"));
  result.audit->pressure.reset();
  EXPECT_EQ(number_of(audit_findings(result)), 0u);
  result.audit->involuntary = 2'000;
  EXPECT_THAT(audit_findings(result).remarks, ElementsAre(HasSubstr("weir-load was preempted 2,000 times")));
}

TEST(AuditFindings, EveryLossHasASentence) {
  for (std::size_t i = 0; i < kNetworkCounters; ++i) {
    const auto counter = static_cast<NetworkCounter>(i);
    // These are parts of another's sentence.
    if (counter == NetworkCounter::segments_sent || counter == NetworkCounter::segments_sent_again ||
        counter == NetworkCounter::timeouts || counter == NetworkCounter::syns_sent_again) {
      continue;
    }
    LoadResult result = audited();
    result.audit->network[counter] = 7'654;
    const AuditFindings findings = audit_findings(result);
    ASSERT_EQ(number_of(findings), 1u) << kernel_name(counter);
    EXPECT_THAT(findings.remarks, ElementsAre(HasSubstr("7,654 ")));
  }
}

TEST(AuditFindings, WhatIsAReasonOfTheVerdictIsNoRemark) {
  LoadResult result = audited();
  result.audit->stolen = 0.5;
  result.audit->network[NetworkCounter::pruned] = 3;
  EXPECT_THAT(remarks_beside(result.verdict(), result), ElementsAre(HasSubstr("a receive buffer")));
  result.window_seconds = 0.1;
  EXPECT_EQ(result.verdict().limited_by, "nothing");
  EXPECT_THAT(remarks_beside(result.verdict(), result), Contains(HasSubstr("steal")));
}

}  // namespace
}  // namespace weir::load
