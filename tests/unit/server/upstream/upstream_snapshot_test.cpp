#include <gmock/gmock.h>

#include <cerrno>
#include <chrono>
#include <string>

#include "tests/unit/server/upstream/upstream_fixture.hpp"

/// What an upstream shows of itself, and backends that an operator drains.
namespace weir {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

class UpstreamSnapshotTest : public UpstreamTest {
 protected:
  BackendSnapshot shown(std::size_t index, int second = 0) {
    return upstream_->snapshot(at(second)).backends.at(index);
  }
};

TEST_F(UpstreamSnapshotTest, ShowsWhoIsUpWithItsShareAndItsConnections) {
  make(2);
  config_.servers[1].weight = 3;
  make();
  const Lease lease = take().lease;
  const UpstreamSnapshot shown = upstream_->snapshot(at(0));
  EXPECT_EQ(shown.name, "back");
  EXPECT_EQ(shown.balance, "round_robin");
  ASSERT_EQ(shown.backends.size(), 2U);
  EXPECT_EQ(shown.backends[0].name, "127.0.0.1:1000");
  EXPECT_EQ(shown.backends[0].state, BackendState::up);
  EXPECT_DOUBLE_EQ(shown.backends[0].share, 0.25);
  EXPECT_DOUBLE_EQ(shown.backends[1].share, 0.75);
  EXPECT_EQ(shown.backends[0].active + shown.backends[1].active, 1U);
}

TEST_F(UpstreamSnapshotTest, ABackendThatWentDownSaysWhyAndHasNoShare) {
  make(2);
  const WallTime before = std::chrono::system_clock::now();
  down(0);
  EXPECT_EQ(shown(0).state, BackendState::down);
  EXPECT_EQ(shown(0).why, "the test says so");
  EXPECT_GE(shown(0).since, before);
  EXPECT_FALSE(shown(0).healthy);
  EXPECT_DOUBLE_EQ(shown(0).share, 0);
  EXPECT_DOUBLE_EQ(shown(1).share, 1);
}

TEST_F(UpstreamSnapshotTest, AnEjectedBackendSaysSoUntilItsTimeIsOver) {
  config_.eject.failures = 2;
  config_.eject.duration = seconds(10);
  make(2);
  fail(0, 2);
  EXPECT_EQ(shown(0).state, BackendState::ejected);
  EXPECT_THAT(shown(0).why, HasSubstr("refused"));
  EXPECT_EQ(shown(0).ejections, 1U);
  EXPECT_TRUE(shown(0).healthy);
  EXPECT_EQ(shown(0, 9).state, BackendState::ejected);
  const BackendSnapshot back = shown(0, 11);
  EXPECT_EQ(back.state, BackendState::up);
  EXPECT_DOUBLE_EQ(back.share, 0.5);
  EXPECT_EQ(back.since, shown(0, 12).since) << "the moment does not move";
  EXPECT_GT(back.since, shown(1, 12).since);
  upstream_->connected(backend(0), at(13));
  EXPECT_EQ(shown(0, 14).since, back.since) << "it was back before it was used";
}

TEST_F(UpstreamSnapshotTest, AnEjectedBackendThatIsEnabledStillStartsSlowlyOnceItIsBack) {
  config_.eject.failures = 1;
  config_.eject.duration = seconds(100);
  config_.slow_start = seconds(100);
  make(2);
  fail(0, 1);
  upstream_->set_drained(backend(0), true, "the test says so", at(1));
  upstream_->set_drained(backend(0), false, "the test says so", at(2));
  EXPECT_LT(shown(0, 101).share, 0.1);
}

TEST_F(UpstreamSnapshotTest, AMemberThatLeavesAndComesBackStaysDrained) {
  BackendConfig name;
  name.dns = DnsName{DnsName::Record::a, "db.internal", 1};
  config_.servers = {name};
  make();
  const auto entry = upstream_->entries().front();
  const Upstream::Member member{
      resolve(parse_address("127.0.0.1:1000", AddressUse::target), AddressUse::target).front(), {}};
  upstream_->set_members(entry, {member}, at(0));
  upstream_->set_drained(backend(0), true, "the test says so", at(0));
  upstream_->set_members(entry, {}, at(1));
  EXPECT_TRUE(upstream_->backends().empty());
  upstream_->set_members(entry, {member}, at(2));
  EXPECT_EQ(shown(0, 2).state, BackendState::drained);
  EXPECT_EQ(take(2).blocked, Blocked::none_up);
  upstream_->set_drained(backend(0), false, "the test says so", at(3));
  upstream_->set_members(entry, {}, at(4));
  upstream_->set_members(entry, {member}, at(5));
  EXPECT_EQ(shown(0, 5).state, BackendState::up);
}

TEST_F(UpstreamSnapshotTest, AMemberThatLeftSaysSoWhileItHasConnections) {
  BackendConfig name;
  name.dns = DnsName{DnsName::Record::a, "db.internal", 1};
  config_.servers = {name};
  make();
  const auto entry = upstream_->entries().front();
  const Upstream::Member member{
      resolve(parse_address("127.0.0.1:1000", AddressUse::target), AddressUse::target).front(), {}};
  upstream_->set_members(entry, {member}, at(0));
  const Lease lease = take().lease;
  const WallTime before = std::chrono::system_clock::now();
  upstream_->set_members(entry, {}, at(1));
  EXPECT_EQ(shown(0, 1).state, BackendState::left);
  EXPECT_GE(shown(0, 1).since, before);
  EXPECT_EQ(shown(0, 1).active, 1U);
}

TEST_F(UpstreamSnapshotTest, BackupsHaveNoShareWhileOthersServe) {
  make_with_backup(2, 1);
  EXPECT_DOUBLE_EQ(shown(1).share, 0);
  EXPECT_TRUE(shown(1).backup);
  down(0);
  EXPECT_DOUBLE_EQ(shown(1).share, 1);
}

TEST_F(UpstreamSnapshotTest, ADrainedBackendGetsNoNewConnectionsAndIsStillHealthy) {
  make(2);
  EXPECT_TRUE(upstream_->set_drained(backend(0), true, "the test says so", at(0)));
  EXPECT_FALSE(upstream_->set_drained(backend(0), true, "the test says so", at(0))) << "no news";
  for (int i = 0; i < 4; ++i) EXPECT_EQ(take().lease.get(), &backend(1));
  EXPECT_EQ(shown(0).state, BackendState::drained);
  EXPECT_TRUE(shown(0).healthy);
  EXPECT_TRUE(upstream_->set_drained(backend(0), false, "the test says so", at(1)));
  const Lease first = take(1).lease;
  const Lease second = take(1).lease;
  EXPECT_TRUE(first.get() == &backend(0) || second.get() == &backend(0));
  EXPECT_EQ(shown(0).state, BackendState::up);
}

TEST_F(UpstreamSnapshotTest, ADrainedBackendStaysSoWhateverItsChecksSay) {
  make(1);
  upstream_->set_drained(backend(0), true, "the test says so", at(0));
  down(0);
  upstream_->set_up(backend(0), true, "the test says so", at(1));
  EXPECT_EQ(take(1).blocked, Blocked::none_up);
  EXPECT_EQ(shown(0, 1).state, BackendState::drained);
}

TEST_F(UpstreamSnapshotTest, WhoWaitsIsServedByABackendThatIsEnabled) {
  make(1);
  upstream_->set_drained(backend(0), true, "the test says so", at(0));
  const auto waiter = wait();
  EXPECT_EQ(upstream_->snapshot(at(0)).waiting, 1U);
  upstream_->set_drained(backend(0), false, "the test says so", at(1));
  EXPECT_EQ(taken(*waiter).get(), &backend(0));
}

TEST_F(UpstreamSnapshotTest, TheBackupServesWhoWaitsWhenTheLastOtherIsDrained) {
  make(2);
  config_.servers[0].max_connections = 1;
  config_.servers[1].backup = true;
  make();
  const Lease full = take().lease;
  const auto waiter = wait();
  EXPECT_FALSE(taken(*waiter));
  upstream_->set_drained(backend(0), true, "the test says so", at(1));
  EXPECT_EQ(taken(*waiter).get(), &backend(1));
}

TEST_F(UpstreamSnapshotTest, AddressesThatAreNamedTwiceHaveNamesOfTheirOwn) {
  make(2);
  config_.servers[1].address = config_.servers[0].address;
  make();
  EXPECT_EQ(shown(0).name, "127.0.0.1:1000");
  EXPECT_EQ(shown(1).name, "127.0.0.1:1000#2");
  EXPECT_EQ(upstream_->find("127.0.0.1:1000").get(), &backend(0));
  EXPECT_EQ(upstream_->find("127.0.0.1:1000#2").get(), &backend(1));
  EXPECT_EQ(upstream_->find("127.0.0.1:1000#3"), nullptr);
}

TEST_F(UpstreamSnapshotTest, WhatWorkersAndChecksCountIsAddedUp) {
  make(1);
  config_.servers.resize(1);
  upstream_ = std::make_unique<Upstream>(prepare_upstream(std::make_shared<const UpstreamConfig>(config_)), 2);
  backend(0).counters(0).add_connect(milliseconds(1));
  backend(0).counters(1).add_connect(milliseconds(30));
  backend(0).counters(0).add_failure(ECONNREFUSED);
  backend(0).counters(1).add_failure(ECONNREFUSED);
  backend(0).counters(1).add_failure(ETIMEDOUT);
  backend(0).counters(1).add_bytes({1, 2, 3, 4});
  backend(0).count_check(true);
  backend(0).count_check(false);
  backend(0).count_check(false);
  upstream_->queue_counters(1).waits.add(seconds(2));
  const UpstreamSnapshot all = upstream_->snapshot(at(0));
  const BackendSnapshot& one = all.backends.at(0);
  EXPECT_EQ(one.connects, 2U);
  EXPECT_EQ(one.connect_times.count(), 2U);
  EXPECT_DOUBLE_EQ(one.connect_times.sum, 0.031);
  EXPECT_EQ(one.connect_failures, (std::map<std::string, std::uint64_t>{{"ECONNREFUSED", 2}, {"ETIMEDOUT", 1}}));
  EXPECT_EQ(one.bytes_to, 3U);
  EXPECT_EQ(one.bytes_from, 4U);
  EXPECT_EQ(one.checks_passed, 1U);
  EXPECT_EQ(one.checks_failed, 2U);
  EXPECT_EQ(all.queue_waits.count(), 1U);
}

}  // namespace
}  // namespace weir
