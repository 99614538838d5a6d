#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <vector>

#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/dead_ends.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/stopwatch.hpp"

/// Checks of servers, and what comes of them.
namespace weir::test {
namespace {

using std::chrono::milliseconds;

constexpr const char* kQuick = "interval: 20ms, timeout: 5s, fall: 2, rise: 2";

/// Answers `PING` with `+PONG` while it is well, and echoes whatever else it is sent.
class Patient {
 public:
  explicit Patient(bool well) : well_(well) {}

  std::string address() const { return backend_.address(); }
  void set_well(bool well) { well_ = well; }
  /// Checks that it answered, whichever way.
  int checks() const { return checks_; }

 private:
  Leave serve(Peer& client) {
    std::string first = client.receive_exactly(1);
    if (first != "P") return client.send_all(first), echo(client);
    client.receive_exactly(5);
    client.send_all(well_ ? "+PONG\r\n" : "-LOADING\r\n");
    ++checks_;
    if (well_) client.receive_until_end();
    return Leave::close;
  }
  static Leave echo(Peer& client) {
    for (;;) client.send_all(client.receive_exactly(1));
  }

  std::atomic<bool> well_;
  std::atomic<int> checks_{0};
  FakeBackend backend_{[this](Peer& client) { return serve(client); }};
};

Daemon checked(const std::vector<std::string>& servers, const std::string& more = "", const std::string& health = "") {
  return Daemon::with_config(proxy_config(servers, "",
                                          std::string("health: {") + kQuick +
                                              (health.empty() ? ", send: 'PING\\r\\n', expect: '+PONG'" : health) +
                                              "}" + with(more)));
}

bool echoes_through(const Daemon& daemon) {
  Peer client = daemon.connect();
  char byte = 'x';
  return ::send(client.fd(), &byte, 1, MSG_NOSIGNAL) == 1 && ::recv(client.fd(), &byte, 1, 0) == 1;
}

int times_said(const Daemon& daemon, const std::string& text) {
  const std::string log = daemon.process().err();
  int times = 0;
  for (std::size_t at = log.find(text); at != std::string::npos; at = log.find(text, at + 1)) ++times;
  return times;
}

bool says(const Daemon& daemon, const std::string& text, int times = 1) {
  return wait_until([&] { return times_said(daemon, text) >= times; });
}

TEST(ProxyHealth, OneThatDoesNotAnswerAsExpectedGetsNoConnections) {
  Patient well(true);
  Patient ill(false);
  const Daemon daemon = checked({well.address(), ill.address()});
  ASSERT_TRUE(says(daemon, ill.address() + " is down"));
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(echoes_through(daemon));
  for (const Record& record : daemon.wait_for_records(10)) EXPECT_EQ(record.text("backend"), well.address());
}

TEST(ProxyHealth, ComesAndGoesAndSaysSoOnceEach) {
  Patient server(true);
  const Daemon daemon = checked({server.address()});
  const auto let_it_be_checked = [&] {
    const int before = server.checks();
    return wait_until([&] { return server.checks() > before + 3; });
  };
  for (int i = 1; i <= 3; ++i) {
    server.set_well(false);
    ASSERT_TRUE(says(daemon, "is down", i));
    ASSERT_TRUE(let_it_be_checked());
    server.set_well(true);
    ASSERT_TRUE(says(daemon, " is up: ", i));
    EXPECT_TRUE(echoes_through(daemon));
    ASSERT_TRUE(let_it_be_checked());
  }
  EXPECT_EQ(times_said(daemon, "is down"), 3);
  EXPECT_EQ(times_said(daemon, " is up: "), 3);
  EXPECT_EQ(times_said(daemon, "no backend is up"), 3);
  EXPECT_EQ(times_said(daemon, "a backend is up again"), 3);
}

TEST(ProxyHealth, AConnectionWaitsForAServerThatComesUp) {
  RefusedPort late;
  const Daemon daemon = checked({late.address()}, "queue: {timeout: 1h}", ", send: ''");
  ASSERT_TRUE(says(daemon, "is down"));
  Peer client = daemon.connect();
  client.send_all("at last");
  EXPECT_FALSE(client.readable(milliseconds(100)));
  TestListener server = late.start_listening();
  ASSERT_TRUE(says(daemon, " is up: "));
  for (;;) {
    Peer taken = server.accept();
    char first = 0;
    if (::recv(taken.fd(), &first, 1, 0) != 1) continue;  // a check
    EXPECT_EQ(first + taken.receive_exactly(6), "at last");
    break;
  }
  client.close();
  EXPECT_EQ(daemon.wait_for_record().attempts(), 1);
}

TEST(ProxyHealth, NoBackendIsTheEndWhenNoneCameUpInTime) {
  const RefusedPort refused;
  const Daemon daemon = checked({refused.address()}, "queue: {timeout: 200ms}", ", send: ''");
  ASSERT_TRUE(says(daemon, "is down"));
  const Stopwatch since_connect;
  EXPECT_EQ(daemon.connect().receive_until_end().ending, Ending::reset);
  EXPECT_GE(since_connect.elapsed(), milliseconds(200));
  const Record record = daemon.wait_for_record();
  EXPECT_EQ(record.end(), "no_backend");
  EXPECT_EQ(record.attempts(), 0);
  EXPECT_TRUE(record.is_null("backend"));
}

TEST(ProxyHealth, OnDownResetCutsTheConnectionsOfAServerThatGoesDown) {
  Patient server(true);
  Patient other(true);
  const Daemon daemon = checked({server.address(), other.address()}, "on_down: reset");
  std::vector<Peer> clients;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(daemon.connect());
    clients.back().send_all("x");
    EXPECT_EQ(clients.back().receive_exactly(1), "x");
  }
  server.set_well(false);
  for (const Record& record : daemon.wait_for_records(4)) {
    EXPECT_EQ(record.text("backend"), server.address());
    EXPECT_EQ(record.end(), "server_reset");
  }
  int alive = 0;
  for (Peer& client : clients) {
    if (client.readable()) {
      EXPECT_EQ(client.receive_until_end().ending, Ending::reset);
      continue;
    }
    client.send_all("y");
    EXPECT_EQ(client.receive_exactly(1), "y");
    ++alive;
  }
  EXPECT_EQ(alive, 4);
}

TEST(ProxyHealth, OneThatNeverAnswersIsDown) {
  FakeBackend silent(never_answers());
  const Daemon daemon = Daemon::with_config(
      proxy_config({silent.address()}, "", "health: {interval: 20ms, timeout: 50ms, expect: hello}"));
  EXPECT_TRUE(says(daemon, silent.address() + " is down: answer: not within 50ms"));
}

TEST(ProxyHealth, OnDownKeepLeavesThem) {
  Patient server(true);
  const Daemon daemon = checked({server.address()});
  Peer client = daemon.connect();
  client.send_all("x");
  EXPECT_EQ(client.receive_exactly(1), "x");
  server.set_well(false);
  ASSERT_TRUE(says(daemon, "is down"));
  client.send_all("y");
  EXPECT_EQ(client.receive_exactly(1), "y");
}

}  // namespace
}  // namespace weir::test
