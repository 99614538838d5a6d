#include <gmock/gmock.h>

#include <csignal>

#include "tests/support/admin_client.hpp"
#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/notifications.hpp"
#include "tests/support/refuses.hpp"
#include "tests/support/stopwatch.hpp"

/// `drain_announce`: a drain is visible in /readyz for a while before newcomers are refused.
namespace weir::test {
namespace {

using std::chrono::milliseconds;

Daemon start(const std::string& more, const Process::Options& options = {}) {
  return Daemon::with_config(echo_config() + "admin: {bind: '127.0.0.1:0'}\n" + more, options);
}

void expect_served(Peer& peer) {
  peer.send_all("alive");
  EXPECT_EQ(peer.receive_exactly(5), "alive");
}

TEST(DrainAnnounce, IsVisibleWhileNewcomersAreServedAndASecondSignalStopsAtOnce) {
  Daemon daemon = start("drain_announce: 1h\ndrain_timeout: 1h\n");
  const AdminClient admin(daemon);
  daemon.drain();
  ASSERT_TRUE(wait_until([&] { return admin.get("/readyz").status == 503; }));
  EXPECT_TRUE(admin.status().at("draining").as_bool());
  Peer stays = daemon.connect();
  expect_served(stays);
  Peer leaves = daemon.connect();
  expect_served(leaves);
  EXPECT_EQ(leaves.exchange("").ending, Ending::fin);
  EXPECT_EQ(daemon.wait_for_record(of_client(leaves.local_name())).end(), "drained");
  daemon.drain();
  EXPECT_EQ(daemon.process().wait_exit(), 0);
  EXPECT_EQ(daemon.wait_for_record(of_client(stays.local_name())).end(), "shutdown");
}

TEST(DrainAnnounce, EndsByItselfAndThenNewcomersAreRefused) {
  Daemon daemon = start("drain_announce: 500ms\ndrain_timeout: 1h\n");
  Peer client = daemon.connect();
  expect_served(client);
  const Stopwatch since_signal;
  EXPECT_EQ(AdminClient(daemon).request("POST", "/api/v1/drain").status, 200);
  ASSERT_TRUE(wait_until([&] { return refuses(daemon); }));
  EXPECT_GE(since_signal.elapsed(), milliseconds(500));
  expect_served(client);
  client.close();
  EXPECT_EQ(daemon.process().wait_exit(), 0);
}

TEST(DrainAnnounce, LastsItsTimeWhereThereIsNoConnection) {
  Daemon daemon = start("drain_announce: 500ms\ndrain_timeout: 0s\n");
  const Stopwatch since_signal;
  EXPECT_EQ(daemon.stop(), 0);
  EXPECT_GE(since_signal.elapsed(), milliseconds(500));
}

TEST(DrainAnnounce, IsPartOfTheTimeThatTheServiceManagerIsAskedFor) {
  const Notifications notifications;
  Process::Options options;
  options.environment = {{"NOTIFY_SOCKET", notifications.path()}};
  Daemon daemon = start("drain_announce: 1m\ndrain_timeout: 1h\n", options);
  std::string told;
  daemon.drain();
  ASSERT_TRUE(wait_until([&] { return (told += notifications.all()).find("EXTEND") != std::string::npos; })) << told;
  EXPECT_THAT(told, testing::HasSubstr("EXTEND_TIMEOUT_USEC=3675000000\n"));
  daemon.drain();
  EXPECT_EQ(daemon.process().wait_exit(), 0);
}

}  // namespace
}  // namespace weir::test
