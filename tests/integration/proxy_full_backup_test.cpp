#include <gtest/gtest.h>

#include <string>

#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/dead_ends.hpp"
#include "tests/support/fake_backend.hpp"

/// A full backup beside a primary server that refused once: nobody waits beside a free server.
namespace weir::test {
namespace {

Daemon primary_and_backup(const std::string& primary, const std::string& backup, const std::string& more) {
  return Daemon::with_config(
      "workers: 1\n"
      "listeners: [{name: front, bind: '127.0.0.1:0', proxy: {upstream: back}}]\n"
      "upstreams: [{name: back, servers: [{address: '" +
      primary + "'}, {address: '" + backup + "', max_connections: 1, backup: true}], eject: {failures: 0}, " + more +
      "}]\n");
}

TEST(SpareBackup, ServesWhoWouldBeRefusedBecauseTheQueueIsFull) {
  FakeBackend primary(greets_then_echoes("A"));
  FakeBackend backup(greets_then_echoes("B"));
  const Daemon daemon = Daemon::with_config(
      "workers: 1\nlisteners: [{name: front, bind: '127.0.0.1:0', proxy: {upstream: back}}]\n"
      "upstreams: [{name: back, servers: [{address: '" +
      primary.address() + "', max_connections: 1}, {address: '" + backup.address() +
      "', max_connections: 1, backup: true}], queue: {size: 1, timeout: 1h}}]\n");
  Peer first = daemon.connect();
  EXPECT_EQ(first.receive_exactly(1), "A");
  Peer waiting = daemon.connect();
  EXPECT_FALSE(waiting.readable(std::chrono::milliseconds(100))) << "the queue has room";
  Peer spare = daemon.connect();
  EXPECT_EQ(spare.receive_exactly(1), "B");
  Peer refused = daemon.connect();
  EXPECT_EQ(refused.receive_until_end().ending, Ending::reset);
  EXPECT_EQ(daemon.wait_for_record().end(), "queue_full") << "the backup is full, too";
  first.close();
  EXPECT_EQ(waiting.receive_exactly(1), "A");
}

class FullBackup : public testing::Test {
 protected:
  FullBackup()
      : daemon_(primary_and_backup(primary_.address(), backup_.address(),
                                   "queue: {timeout: 1h}, connect: {attempts: 1000, delay: 10ms}")),
        holder_(daemon_.connect()) {
    EXPECT_EQ(holder_.receive_exactly(1), "B") << "the primary refuses, and the backup serves";
  }

  /// The client's connection as it comes out at the primary: what the client sends arrives there.
  static void expect_served(Peer& client, TestListener& primary) {
    client.send_all("x");
    Peer served = primary.accept();
    EXPECT_EQ(served.receive_exactly(1), "x");
  }

  RefusedPort primary_;
  FakeBackend backup_{greets_then_echoes("B")};
  Daemon daemon_;
  Peer holder_;  ///< has the backup's only place
};

TEST_F(FullBackup, WhoFoundThePrimaryDeadIsServedOnceItIsBackAndHoldsUpNobody) {
  Peer early = daemon_.connect();
  EXPECT_FALSE(early.readable(std::chrono::milliseconds(100)));  // it has found both in vain by now
  TestListener primary = primary_.start_listening();
  expect_served(early, primary);
  Peer newcomer = daemon_.connect();
  expect_served(newcomer, primary);
}

TEST_F(FullBackup, OneThatGivesUpHoldsUpNobody) {
  Peer first = daemon_.connect();
  Peer second = daemon_.connect();
  first.send_all("x");
  first.reset();
  EXPECT_EQ(daemon_.wait_for_record().end(), "client_reset");
  TestListener primary = primary_.start_listening();
  second.send_all("y");
  Peer served = primary.accept();
  EXPECT_EQ(served.receive_exactly(1), "y");
}

}  // namespace
}  // namespace weir::test
