#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <system_error>
#include <thread>
#include <vector>

#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/flapping_echo.hpp"
#include "tests/support/open_sockets.hpp"
#include "tests/support/random_bytes.hpp"

/// Backends that die and come back while clients are at work.
namespace weir::test {
namespace {

int times_said(const Daemon& daemon, const std::string& text) {
  const std::string log = daemon.process().err();
  int times = 0;
  for (std::size_t at = log.find(text); at != std::string::npos; at = log.find(text, at + 1)) ++times;
  return times;
}

/// Clients that connect, have bytes echoed and check them, one connection after the other, until they are told to stop.
class Crowd {
 public:
  Crowd(const Daemon& daemon, int size) : daemon_(daemon) {
    for (int i = 0; i < size; ++i) threads_.emplace_back([this, i] { work(static_cast<std::uint64_t>(i)); });
  }
  ~Crowd() { stop(); }
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  void stop() {
    stopping_ = true;
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }
  std::size_t exchanges() const { return exchanges_; }
  /// Once stopped: the addresses of clients that did not get all of it back, with a FIN.
  const std::multiset<std::string>& failed() const { return failed_; }
  /// Once stopped: clients that got something else back than they sent.
  const std::set<std::string>& wrong() const { return wrong_; }

 private:
  void work(std::uint64_t seed) {
    const std::string bytes = random_bytes(96 << 10, seed);
    while (!stopping_) {
      Peer client = daemon_.connect();
      const std::string name = client.local_name();
      Received received{"", Ending::reset};
      try {
        received = client.exchange(bytes);
      } catch (const std::system_error&) {
        received.ending = Ending::reset;  // while it sent what was left after a FIN
      }
      client.close();
      ++exchanges_;
      const std::lock_guard lock(mutex_);
      if (received.ending != Ending::fin || received.bytes.size() != bytes.size()) failed_.insert(name);
      if (received.bytes != bytes.substr(0, received.bytes.size())) wrong_.insert(name);
    }
  }

  const Daemon& daemon_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::size_t> exchanges_{0};
  std::mutex mutex_;
  std::multiset<std::string> failed_;
  std::set<std::string> wrong_;
  std::vector<std::thread> threads_;
};

TEST(ProxyFlappingBackend, FailsOnlyThoseThatWereOnItWhenItDied) {
  FlappingEcho steady(1);
  FlappingEcho flapping(2);
  Daemon daemon = Daemon::with_config(proxy_config({steady.address(), flapping.address()}, "", "eject: {failures: 0}"));
  const OpenSockets sockets(daemon);
  Crowd crowd(daemon, 8);
  const auto some_more = [&] {
    const std::size_t before = crowd.exchanges();
    return wait_until([&] { return crowd.exchanges() >= before + 40; });
  };
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(some_more());
    flapping.kill();
    ASSERT_TRUE(some_more());
    flapping.start();
  }
  crowd.stop();
  EXPECT_EQ(crowd.wrong(), std::set<std::string>());
  std::map<std::string, std::size_t> on_it;  // by client; a port may serve several, one after the other
  std::string lines;
  std::size_t retried = 0;
  for (const Record& record : daemon.wait_for_records(crowd.exchanges())) {
    if (record.attempts() > 1) ++retried;
    lines += record.line() + "\n";
    if (record.text("backend") == flapping.address()) {
      ++on_it[record.client()];
    } else {
      EXPECT_EQ(record.end(), "client_closed") << record.line();
    }
  }
  for (const std::string& client : crowd.failed()) {
    EXPECT_LE(crowd.failed().count(client), on_it[client]) << client << "\n" << lines;
  }
  EXPECT_LE(crowd.failed().size(), 6 * 8u) << "more than were connected when it died";
  EXPECT_GT(retried, 0u) << "nobody came while it was down";
  EXPECT_EQ(sockets.left_over(), 0u);
}

TEST(ProxyFlappingBackend, WhoComesWhileAllAreDownIsServedWhenTheyAreBack) {
  FlappingEcho one(1);
  FlappingEcho two(2);
  Daemon daemon = Daemon::with_config(
      proxy_config({one.address(), two.address()}, "",
                   "queue: {timeout: 1h}, health: {interval: 20ms, timeout: 5s, fall: 1, rise: 1}"));
  const OpenSockets sockets(daemon);
  for (int i = 1; i <= 2; ++i) {
    one.kill();
    two.kill();
    ASSERT_TRUE(wait_until([&] { return times_said(daemon, " is down") == 2 * i; }));
    std::vector<Peer> clients;
    for (int c = 0; c < 12; ++c) {
      clients.push_back(daemon.connect());
      clients.back().send_all("at last");
    }
    for (const Peer& client : clients) EXPECT_FALSE(client.readable());
    one.start();
    two.start();
    for (Peer& client : clients) EXPECT_EQ(client.receive_exactly(7), "at last");
    ASSERT_TRUE(wait_until([&] { return times_said(daemon, " is up: ") == 2 * i; }));
  }
  for (const Record& record : daemon.wait_for_records(24)) {
    EXPECT_EQ(record.end(), "client_closed");
    EXPECT_EQ(record.attempts(), 1);
  }
  EXPECT_EQ(sockets.left_over(), 0u);
}

TEST(ProxyFlappingBackend, WhoComesWhileAllAreDownIsRefusedWhenTheyStayAway) {
  FlappingEcho one(1);
  FlappingEcho two(2);
  Daemon daemon = Daemon::with_config(
      proxy_config({one.address(), two.address()}, "",
                   "queue: {timeout: 300ms}, health: {interval: 20ms, timeout: 5s, fall: 1, rise: 1}"));
  const OpenSockets sockets(daemon);
  one.kill();
  two.kill();
  ASSERT_TRUE(wait_until([&] { return times_said(daemon, " is down") == 2; }));
  std::vector<Peer> clients;
  for (int c = 0; c < 12; ++c) clients.push_back(daemon.connect());
  for (Peer& client : clients) EXPECT_EQ(client.receive_until_end().ending, Ending::reset);
  for (const Record& record : daemon.wait_for_records(12)) {
    EXPECT_EQ(record.end(), "no_backend");
    EXPECT_EQ(record.attempts(), 0);
  }
  EXPECT_EQ(sockets.left_over(), 0u);
}

}  // namespace
}  // namespace weir::test
