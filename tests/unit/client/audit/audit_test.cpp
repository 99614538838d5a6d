#include "client/audit/audit.hpp"

#include <gtest/gtest.h>

namespace weir::load {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

Endpoint endpoint_of(const char* text) {
  return resolve(parse_address(text, AddressUse::target), AddressUse::target)[0];
}

AuditMoment moment(seconds at, std::uint64_t scale) {
  AuditMoment moment;
  moment.time = io::Clock::time_point(at);
  moment.ticks = {50 * scale, 200 * scale, 10 * scale};
  moment.network[NetworkCounter::listen_overflows] = 7 * scale;
  moment.pressure = milliseconds(300) * scale;
  moment.quotas = {{10 * scale, scale, microseconds(5) * scale}, {20 * scale, 2 * scale, microseconds(6) * scale}};
  moment.voluntary = 100 * scale;
  moment.involuntary = 3 * scale;
  return moment;
}

TEST(Audit, IsWhatWasCountedBetweenTwoMoments) {
  const Audit audit = audit_between(moment(seconds(1), 1), moment(seconds(3), 3), moment(seconds(7), 7));
  EXPECT_EQ(audit.voluntary, 400u);
  EXPECT_EQ(audit.involuntary, 12u);
  EXPECT_DOUBLE_EQ(audit.stolen, 0.05);
  ASSERT_TRUE(audit.pressure);
  EXPECT_DOUBLE_EQ(*audit.pressure, 0.3) << "1.2 of four seconds";
  EXPECT_EQ(audit.throttling, (Throttling{80, 8, microseconds(24)})) << "that of the group that had to wait most";
  EXPECT_EQ(audit.network[NetworkCounter::listen_overflows], 28u);
  EXPECT_EQ(audit.network_before[NetworkCounter::listen_overflows], 14u);
}

TEST(Audit, WithoutAWindowHasOnlyWhatCameBefore) {
  const AuditMoment end = moment(seconds(7), 7);
  const Audit audit = audit_between(moment(seconds(1), 1), end, end);
  EXPECT_EQ(audit.network, NetworkCounters());
  EXPECT_EQ(audit.network_before[NetworkCounter::listen_overflows], 42u);
  EXPECT_EQ(audit.stolen, 0);
  EXPECT_FALSE(audit.pressure);
}

TEST(Audit, WhatTheKernelDoesNotTellIsNotKnown) {
  AuditMoment from = moment(seconds(3), 3);
  AuditMoment until = moment(seconds(7), 7);
  until.pressure.reset();
  until.quotas.pop_back();
  const Audit audit = audit_between(moment(seconds(1), 1), from, until);
  EXPECT_FALSE(audit.pressure);
  EXPECT_EQ(audit.throttling, Throttling());
}

Audit of_generator() {
  Audit audit;
  audit.voluntary = 10;
  audit.involuntary = 3;
  audit.stolen = 0.1;
  audit.pressure = 0.5;
  audit.throttling = {10, 2, seconds(1)};
  audit.network[NetworkCounter::timeouts] = 4;
  audit.network_before[NetworkCounter::timeouts] = 2;
  return audit;
}

TEST(Audit, GeneratorsOfOneMachineSawTheSameEvents) {
  Audit audit = of_generator();
  Audit other = of_generator();
  other.network[NetworkCounter::timeouts] = 5;
  other.stolen = 0.2;
  other.pressure.reset();
  other.throttling = {10, 3, seconds(2)};
  other.target_here = true;
  audit.merge_same_machine(other);
  EXPECT_EQ(audit.network[NetworkCounter::timeouts], 5u);
  EXPECT_EQ(audit.network_before[NetworkCounter::timeouts], 2u);
  EXPECT_EQ(audit.voluntary, 20u) << "threads are each generator's own";
  EXPECT_EQ(audit.involuntary, 6u);
  EXPECT_DOUBLE_EQ(audit.stolen, 0.2);
  EXPECT_EQ(audit.pressure, 0.5);
  EXPECT_EQ(audit.throttling.throttled, 3u);
  EXPECT_TRUE(audit.target_here);
}

TEST(Audit, MachinesEachHadTheirOwnEvents) {
  Audit audit = of_generator();
  audit.merge_other_machine(of_generator());
  EXPECT_EQ(audit.network[NetworkCounter::timeouts], 8u);
  EXPECT_EQ(audit.network_before[NetworkCounter::timeouts], 4u);
  EXPECT_EQ(audit.voluntary, 20u);
  EXPECT_DOUBLE_EQ(audit.stolen, 0.1) << "a share";
  EXPECT_EQ(audit.throttling.throttled, 2u);
}

TEST(Audit, CountersOfThisProcessGrow) {
  const AuditMoment before = AuditMoment::now();
  const AuditMoment after = AuditMoment::now();
  EXPECT_GT(before.ticks.total, 0u);
  EXPECT_GE(after.ticks.total, before.ticks.total);
  EXPECT_GE(after.voluntary, before.voluntary);
  EXPECT_EQ(after.quotas.size(), before.quotas.size());
}

TEST(ThisMachine, HasItsLoopbackAndItsUnixSockets) {
  EXPECT_TRUE(is_of_this_machine(endpoint_of("127.0.0.1:1")));
  EXPECT_TRUE(is_of_this_machine(endpoint_of("127.9.8.7:1"))) << "which no interface has";
  EXPECT_TRUE(is_of_this_machine(endpoint_of("unix:/tmp/none")));
  EXPECT_TRUE(is_of_this_machine(endpoint_of("unix:@none")));
  EXPECT_FALSE(is_of_this_machine(endpoint_of("192.0.2.1:1"))) << "documentation's (RFC 5737)";
  EXPECT_FALSE(is_of_this_machine(endpoint_of("[2001:db8::1]:1")));
}

}  // namespace
}  // namespace weir::load
