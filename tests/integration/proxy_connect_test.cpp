#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/dead_ends.hpp"
#include "tests/support/stopwatch.hpp"

/// How the proxy finds a backend, and what it does when there is none.
namespace weir::test {
namespace {

using std::chrono::milliseconds;

std::string greeting_of(const Daemon& daemon) { return daemon.connect().receive_exactly(1); }

TEST(ProxyConnect, ResetsTheClientWhenTheBackendRefusesEveryAttempt) {
  const RefusedPort refused;
  Daemon daemon = Daemon::with_config(proxy_config({refused.address()}, "", "connect: {attempts: 2, delay: 10ms}"));
  EXPECT_EQ(daemon.connect().receive_until_end().ending, Ending::reset);
  const Record record = daemon.wait_for_record();
  EXPECT_EQ(record.end(), "connect_failed");
  EXPECT_EQ(record.attempts(), 2);
  EXPECT_TRUE(record.is_null("connect_ms"));
  EXPECT_EQ(record.bytes_out(), 0);
}

TEST(ProxyConnect, TriesTheNextServerWhenOneRefusesAndTheClientSeesNothing) {
  const RefusedPort refused;
  FakeBackend alive(greets_then_echoes("A"));
  Daemon daemon = Daemon::with_config(proxy_config({refused.address(), alive.address()}));
  for (int i = 0; i < 12; ++i) EXPECT_EQ(greeting_of(daemon), "A");
  bool retried = false;
  for (const Record& record : daemon.wait_for_records(12)) {
    EXPECT_EQ(record.text("backend"), alive.address());
    retried = retried || record.attempts() == 2;
  }
  EXPECT_TRUE(retried) << "no connection began at the server that refuses";
}

TEST(ProxyConnect, SpreadsConnectionsEvenlyOverTheServers) {
  FakeBackend a(greets_then_echoes("A"));
  FakeBackend b(greets_then_echoes("B"));
  FakeBackend c(greets_then_echoes("C"));
  Daemon daemon = Daemon::with_config(proxy_config({a.address(), b.address(), c.address()}));
  for (int i = 0; i < 60; ++i) greeting_of(daemon);
  const std::vector<std::size_t> counts{a.accepted(), b.accepted(), c.accepted()};
  const auto [least, most] = std::minmax_element(counts.begin(), counts.end());
  EXPECT_LE(*most - *least, 3u) << counts[0] << " " << counts[1] << " " << counts[2];
}

TEST(ProxyConnect, WaitsTheDelayBeforeItTriesAServerAgain) {
  const RefusedPort refused;
  Daemon daemon = Daemon::with_config(proxy_config({refused.address()}, "", "connect: {attempts: 3, delay: 200ms}"));
  const Stopwatch since_connect;
  EXPECT_EQ(daemon.connect().receive_until_end().ending, Ending::reset);
  EXPECT_GE(since_connect.elapsed(), milliseconds(400));
  EXPECT_EQ(daemon.wait_for_record().attempts(), 3);
}

TEST(ProxyConnect, ReachesAServerThatBeganToListenDuringTheDelay) {
  RefusedPort late;
  Daemon daemon = Daemon::with_config(proxy_config({late.address()}, "", "connect: {attempts: 1000, delay: 20ms}"));
  Peer client = daemon.connect();
  EXPECT_FALSE(client.readable(milliseconds(100)));
  TestListener backend = late.start_listening();
  client.send_all("at last");
  Peer server = backend.accept();
  EXPECT_EQ(server.receive_exactly(7), "at last");
  client.close();
  server.close();
  EXPECT_GT(daemon.wait_for_record().attempts(), 1);
}

TEST(ProxyConnect, GivesABlackHoleItsTimeoutAndNoLess) {
  const BlackHole hole;
  Daemon daemon =
      Daemon::with_config(proxy_config({hole.address()}, "", "connect: {timeout: 300ms, attempts: 2, delay: 10ms}"));
  const Stopwatch since_connect;
  EXPECT_EQ(daemon.connect().receive_until_end().ending, Ending::reset);
  EXPECT_GE(since_connect.elapsed(), milliseconds(600));
  const Record record = daemon.wait_for_record();
  EXPECT_EQ(record.end(), "connect_failed");
  EXPECT_EQ(record.attempts(), 2);
}

TEST(ProxyConnect, ServesOthersWhileABlackHoleSwallowsMany) {
  const BlackHole hole;
  Daemon daemon = Daemon::with_config(
      "listeners:\n"
      "  - {name: front, bind: '127.0.0.1:0', proxy: {upstream: back}}\n"
      "  - {name: echo, bind: '127.0.0.1:0', echo: {}}\n"
      "upstreams: [{name: back, servers: [{address: '" +
      hole.address() +
      "'}], connect: {timeout: 1h}}]\n"
      "workers: 1\n");
  std::vector<Peer> swallowed;
  for (int i = 0; i < 50; ++i) swallowed.push_back(daemon.connect("front"));
  Peer client = daemon.connect("echo");
  for (int i = 0; i < 20; ++i) {
    client.send_all("alive");
    EXPECT_EQ(client.receive_exactly(5), "alive");
  }
  EXPECT_EQ(daemon.records().size(), 0u);
}

TEST(ProxyConnect, StopsTryingWhenTheClientResets) {
  const BlackHole hole;
  Daemon daemon =
      Daemon::with_config(proxy_config({hole.address()}, "", "connect: {timeout: 1h, attempts: 3, delay: 10ms}"));
  Peer client = daemon.connect();
  EXPECT_FALSE(client.readable(milliseconds(100)));
  client.reset();
  const Record record = daemon.wait_for_record();
  EXPECT_EQ(record.end(), "client_reset");
  EXPECT_LE(record.attempts(), 1);
}

TEST(ProxyConnect, StopsWaitingOutTheDelayWhenTheClientResets) {
  const RefusedPort refused;
  Daemon daemon = Daemon::with_config(proxy_config({refused.address()}, "", "connect: {attempts: 3, delay: 1h}"));
  Peer client = daemon.connect();
  EXPECT_FALSE(client.readable(milliseconds(100)));
  client.reset();
  const Record record = daemon.wait_for_record();
  EXPECT_EQ(record.end(), "client_reset");
  EXPECT_LE(record.attempts(), 1);
}

TEST(ProxyConnect, ForwardsWhatTheClientSentWhileTheBackendWasConnected) {
  TestListener backend;
  Daemon daemon = Daemon::with_config(proxy_config({backend.address()}));
  Peer client = daemon.connect();
  client.send_all("early");
  client.shutdown_write();
  Peer server = backend.accept();
  const Received received = server.receive_until_end();
  EXPECT_EQ(received.bytes, "early");
  EXPECT_EQ(received.ending, Ending::fin);
}

}  // namespace
}  // namespace weir::test
