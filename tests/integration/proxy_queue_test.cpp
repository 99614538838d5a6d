#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/dead_ends.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/stopwatch.hpp"

/// Connections that wait because every server is full.
namespace weir::test {
namespace {

using std::chrono::milliseconds;

Daemon limited(const FakeBackend& backend, const std::string& most, const std::string& queue, int workers = 3,
               const std::string& top_level = "") {
  return Daemon::with_config(top_level + "workers: " + std::to_string(workers) +
                             "\nlisteners: [{name: front, bind: '127.0.0.1:0', proxy: {upstream: back}}]\n"
                             "upstreams: [{name: back, servers: [{address: '" +
                             backend.address() + "', max_connections: " + most + "}], queue: " + queue + "}]\n");
}

TEST(ProxyQueue, ServesThoseWhoWaitInTheirOrder) {
  FakeBackend backend(greets_then_echoes("A"));
  const Daemon daemon = limited(backend, "1", "{timeout: 1h}", 1);
  std::vector<Peer> clients;
  for (int i = 0; i < 6; ++i) clients.push_back(daemon.connect());
  for (std::size_t i = 0; i < clients.size(); ++i) {
    EXPECT_EQ(clients[i].receive_exactly(1), "A");
    for (std::size_t later = i + 1; later < clients.size(); ++later) EXPECT_FALSE(clients[later].readable());
    clients[i].close();
  }
}

TEST(ProxyQueue, ServerNeverHasMoreThanItsLimitAndEverybodyIsServedWhicheverWorkerTheyAreOn) {
  constexpr int kClients = 60;
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  FakeBackend backend([&](Peer& client) {
    const int now = ++inside;
    for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) continue;
    client.send_all("A");
    client.receive_exactly(1);
    --inside;
    return Leave::close;
  });
  const Daemon daemon = limited(backend, "4", "{timeout: 1h}");
  std::atomic<int> served{0};
  std::vector<std::thread> clients;
  for (int t = 0; t < 6; ++t) {
    clients.emplace_back([&] {
      for (int i = 0; i < kClients / 6; ++i) {
        Peer client = daemon.connect();
        if (client.receive_exactly(1) == "A") ++served;
        client.send_all("x");
        client.receive_until_end();
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(served, kClients);
  EXPECT_LE(most, 4);
  for (const Record& record : daemon.wait_for_records(kClients)) EXPECT_EQ(record.end(), "server_closed");
}

TEST(ProxyQueue, TimeInItIsBounded) {
  FakeBackend backend(greets_then_echoes("A"));
  const Daemon daemon = limited(backend, "1", "{timeout: 300ms}");
  Peer first = daemon.connect();
  EXPECT_EQ(first.receive_exactly(1), "A");
  const Stopwatch since_connect;
  Peer second = daemon.connect();
  EXPECT_EQ(second.receive_until_end().ending, Ending::reset);
  EXPECT_GE(since_connect.elapsed(), milliseconds(300));
  const Record record = daemon.wait_for_record();
  EXPECT_EQ(record.end(), "queue_timeout");
  EXPECT_EQ(record.attempts(), 0);
  EXPECT_TRUE(record.is_null("backend"));
}

/// Two take turns on a backend that swallows each attempt: whoever waits does so for less than the timeout, but often.
TEST(ProxyQueue, TimeInItIsTheSumOfAllWaits) {
  const BlackHole hole;
  const Daemon daemon = Daemon::with_config(
      "workers: 1\nlisteners: [{name: front, bind: '127.0.0.1:0', proxy: {upstream: back}}]\n"
      "upstreams: [{name: back, servers: [{address: '" +
      hole.address() +
      "', max_connections: 1}], queue: {timeout: 1s}, eject: {failures: 0}, "
      "connect: {timeout: 400ms, attempts: 20, delay: 1ms}}]\n");
  const Peer first = daemon.connect();
  const Peer second = daemon.connect();
  EXPECT_EQ(daemon.wait_for_record().end(), "queue_timeout");
}

TEST(ProxyQueue, RefusesWhoComesWhenItIsFull) {
  FakeBackend backend(greets_then_echoes("A"));
  const Daemon daemon = limited(backend, "1", "{size: 1, timeout: 1h}", 1);
  Peer first = daemon.connect();
  EXPECT_EQ(first.receive_exactly(1), "A");
  Peer second = daemon.connect();
  Peer third = daemon.connect();
  EXPECT_EQ(third.receive_until_end().ending, Ending::reset);
  EXPECT_EQ(daemon.wait_for_record().end(), "queue_full");
  first.close();
  EXPECT_EQ(second.receive_exactly(1), "A");
}

TEST(ProxyQueue, OneThatGoesAwayLeavesIt) {
  FakeBackend backend(greets_then_echoes("A"));
  const Daemon daemon = limited(backend, "1", "{timeout: 1h}", 1);
  Peer first = daemon.connect();
  EXPECT_EQ(first.receive_exactly(1), "A");
  Peer second = daemon.connect();
  Peer third = daemon.connect();
  second.reset();
  EXPECT_EQ(daemon.wait_for_record().end(), "client_reset");
  first.close();
  EXPECT_EQ(third.receive_exactly(1), "A");
}

TEST(ProxyQueue, DrainEndsThoseWhoWait) {
  FakeBackend backend(greets_then_echoes("A"));
  Daemon daemon = limited(backend, "1", "{timeout: 1h}", 1, "drain_timeout: 300ms\n");
  Peer first = daemon.connect();
  EXPECT_EQ(first.receive_exactly(1), "A");
  Peer second = daemon.connect();
  EXPECT_FALSE(second.readable(milliseconds(100)));
  daemon.drain();
  EXPECT_NE(second.receive_until_end().ending, Ending::silence);
  EXPECT_EQ(daemon.process().wait_exit(), 0);
}

}  // namespace
}  // namespace weir::test
