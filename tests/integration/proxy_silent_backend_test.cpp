#include <gmock/gmock.h>

#include <future>
#include <vector>

#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/dead_ends.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/open_sockets.hpp"

/// Backends that take connections and never say a word, or whose queue of connections overflows.
namespace weir::test {
namespace {

TEST(ProxySilentBackend, ThatNeverAnswersAClientThatWaitsIsAnIdleTimeout) {
  FakeBackend backend(never_answers());
  Daemon daemon = Daemon::with_config(proxy_config({backend.address()}, "timeouts: {idle: 300ms}"));
  const OpenSockets sockets(daemon);
  Peer client = daemon.connect();
  client.send_all("hello?");
  EXPECT_NE(client.receive_until_end().ending, Ending::silence);
  const Record record = daemon.wait_for_record();
  EXPECT_EQ(record.end(), "idle_timeout");
  EXPECT_EQ(record.bytes_in(), 6);
  EXPECT_EQ(record.bytes_out(), 0);
  EXPECT_EQ(sockets.left_over(), 0u);
}

TEST(ProxySilentBackend, ThatNeverReadsAfterTheClientsFinIsAHalfCloseTimeout) {
  TestListener backend;
  Daemon daemon = Daemon::with_config(proxy_config({backend.address()}, "timeouts: {half_close: 300ms}"));
  const OpenSockets sockets(daemon);
  Peer client = daemon.connect();
  Peer server = backend.accept();
  client.send_all("hello?");
  client.shutdown_write();
  EXPECT_NE(client.receive_until_end().ending, Ending::silence);
  EXPECT_EQ(daemon.wait_for_record().end(), "half_close_timeout");
  EXPECT_EQ(server.receive_until_end().bytes, "hello?");
  EXPECT_EQ(sockets.left_over(), 0u);
}

/// Connects, and says whether a byte came back before the daemon ended it.
bool is_answered(const Daemon& daemon) {
  Peer client = daemon.connect();
  char byte = 'x';
  return ::send(client.fd(), &byte, 1, MSG_NOSIGNAL) == 1 && ::recv(client.fd(), &byte, 1, 0) == 1;
}

TEST(ProxySilentBackend, WhoDoesNotFitItsQueueGoesToTheNextServer) {
  constexpr int kClients = 24;
  const TestListener overflows(loopback(0), 0);  // one fits, and it is never accepted
  FakeBackend alive(echoes());
  Daemon daemon = Daemon::with_config(proxy_config({overflows.address(), alive.address()}, "timeouts: {idle: 1s}",
                                                   "connect: {timeout: 300ms}, eject: {failures: 0}"));
  const OpenSockets sockets(daemon);
  std::vector<std::future<bool>> clients;
  for (int i = 0; i < kClients; ++i)
    clients.push_back(std::async(std::launch::async, [&] { return is_answered(daemon); }));
  int answered = 0;
  for (std::future<bool>& client : clients) answered += client.get() ? 1 : 0;
  int second = 0;
  int all_stuck = 0;
  for (const Record& record : daemon.wait_for_records(kClients)) {
    const bool stuck = record.text("backend") == overflows.address();
    EXPECT_EQ(record.end(), stuck ? "idle_timeout" : "client_closed") << record.line();
    EXPECT_LE(record.attempts(), 2) << record.line();
    if (record.attempts() == 2) ++second;
    if (stuck) ++all_stuck;
  }
  // Two that arrive at once on two CPUs may both find room.
  EXPECT_THAT(all_stuck, testing::AllOf(testing::Ge(1), testing::Le(2)));
  EXPECT_EQ(answered, kClients - all_stuck);
  EXPECT_GT(second, 0) << "no connection began at the server whose queue is full";
  EXPECT_EQ(sockets.left_over(), 0u);
}

TEST(ProxySilentBackend, WhenAllQueuesAreFullTheClientIsResetAfterItsAttempts) {
  const BlackHole one;
  const BlackHole two;
  Daemon daemon = Daemon::with_config(
      proxy_config({one.address(), two.address()}, "", "connect: {timeout: 200ms, attempts: 3, delay: 0}"));
  const OpenSockets sockets(daemon);
  std::vector<Peer> clients;
  for (int i = 0; i < 12; ++i) clients.push_back(daemon.connect());
  for (Peer& client : clients) EXPECT_EQ(client.receive_until_end().ending, Ending::reset);
  for (const Record& record : daemon.wait_for_records(12)) {
    EXPECT_EQ(record.end(), "connect_failed");
    EXPECT_EQ(record.attempts(), 3);
  }
  EXPECT_EQ(sockets.left_over(), 0u);
}

}  // namespace
}  // namespace weir::test
