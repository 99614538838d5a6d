#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/half_open.hpp"
#include "tests/support/refuses.hpp"
#include "tests/support/temp_dir.hpp"

/// That nobody is lost while listening sockets close: who was connected is served or refused, with a record.
namespace weir::test {
namespace {

constexpr int kDrains = 3;
constexpr std::size_t kConnectors = 4;

/// Whether the connection echoes a byte.
bool served(const Peer& peer) {
  char byte = 'x';
  return ::send(peer.fd(), &byte, 1, MSG_NOSIGNAL) == 1 && ::recv(peer.fd(), &byte, 1, 0) == 1 && byte == 'x';
}

/// Clients that connect one after the other, each to be served once, until they are refused.
class Connectors {
 public:
  explicit Connectors(const std::vector<Endpoint>& targets) {
    for (std::size_t i = 0; i < kConnectors; ++i) {
      threads_.emplace_back([this, target = targets[i % targets.size()]] { run(target); });
    }
  }
  Connectors(const Connectors&) = delete;
  Connectors& operator=(const Connectors&) = delete;
  ~Connectors() { join(); }

  std::size_t established() const { return established_; }
  std::size_t served() const { return served_; }
  /// Returns once all were refused.
  void join() {
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }

 private:
  void run(const Endpoint& target) {
    for (;;) {
      try {
        Peer peer = Peer::connect(target);
        ++established_;
        if (test::served(peer)) ++served_;
        peer.reset();  // leaves no TIME_WAIT, and so a port for the next one
      } catch (const std::system_error& error) {
        // Of a unix socket the file may be gone.
        const int code = error.code().value();
        EXPECT_TRUE(code == ECONNREFUSED || code == ENOENT) << error.what();
        return;
      }
    }
  }

  std::atomic<std::size_t> established_{0};
  std::atomic<std::size_t> served_{0};
  std::vector<std::thread> threads_;
};

std::vector<Endpoint> targets_of(const Daemon& daemon) {
  const Endpoint bound = endpoint_of(daemon.addresses().front());
  if (bound.family() != AF_INET6) return {bound};
  return {loopback(bound.port()), loopback(bound.port(), AF_INET6)};
}

std::size_t count_records(const Daemon& daemon) { return lines_of(read_file(daemon.access_log())).size(); }

struct Setting {
  const char* name;
  const char* bind;  ///< without one, a unix socket
  int workers;
};

class Drain : public testing::TestWithParam<Setting> {
 protected:
  Daemon start(const Process::Options& options = {}) const {
    const std::string bind = GetParam().bind != nullptr ? GetParam().bind : "unix:" + dir_.file("socket");
    return Daemon::with_config("listeners: [{name: echo, bind: '" + bind +
                                   "', echo: {}}]\nworkers: " + std::to_string(GetParam().workers) +
                                   "\ndrain_timeout: 1h\nlimits: {connections: 100000}\n",
                               options);
  }

 private:
  TempDir dir_;
};

TEST_P(Drain, ServesEveryClientThatWasConnectedBesideBigMessagesOnEveryWorker) {
  for (int round = 0; round < kDrains; ++round) {
    Daemon daemon = start();
    const std::size_t idle = daemon.process().sockets();
    const std::size_t streams = 4 * static_cast<std::size_t>(GetParam().workers);
    Process load("weir-load", {"echo", "--quiet", "-c", std::to_string(streams), "-t", "1", "-l", "1m", "-d", "1h",
                               targets_of(daemon).front().to_string()});
    ASSERT_TRUE(wait_until([&] { return daemon.process().sockets() >= idle + streams; }));
    Connectors connectors(targets_of(daemon));
    ASSERT_TRUE(wait_until([&] { return connectors.served() >= 200; }));
    daemon.drain();
    connectors.join();
    load.signal(SIGINT);
    EXPECT_EQ(load.wait_exit(), 0) << load.out() << load.err();
    EXPECT_EQ(daemon.process().wait_exit(), 0);
    EXPECT_EQ(connectors.served(), connectors.established());
    EXPECT_EQ(count_records(daemon), connectors.established() + streams);
  }
}

TEST_P(Drain, RecordsEveryClientThatItRefusesForWantOfDescriptors) {
  const Process::Options few{.environment = {}, .descriptors = 64, .user = {}};
  for (int round = 0; round < kDrains; ++round) {
    Daemon daemon = start(few);
    std::vector<Peer> existing;
    do {
      existing.push_back(daemon.connect());
    } while (served(existing.back()));
    Connectors connectors(targets_of(daemon));
    ASSERT_TRUE(wait_until([&] { return connectors.established() >= 200; }));
    daemon.drain();
    connectors.join();
    const std::size_t established = connectors.established() + existing.size();
    existing.clear();
    EXPECT_EQ(daemon.process().wait_exit(), 0);
    EXPECT_EQ(count_records(daemon), established);
  }
}

INSTANTIATE_TEST_SUITE_P(Each, Drain,
                         testing::Values(Setting{"Ipv4OneWorker", "127.0.0.1:0", 1},
                                         Setting{"Ipv4TwoWorkers", "127.0.0.1:0", 2},
                                         Setting{"Ipv4FourWorkers", "127.0.0.1:0", 4},
                                         Setting{"DualStackOneWorker", ":0", 1},
                                         Setting{"DualStackTwoWorkers", ":0", 2},
                                         Setting{"DualStackFourWorkers", ":0", 4}, Setting{"UnixOneWorker", nullptr, 1},
                                         Setting{"UnixTwoWorkers", nullptr, 2}, Setting{"UnixFourWorkers", nullptr, 4}),
                         [](const auto& setting) { return setting.param.name; });

TEST(DrainHandshake, IsCompletedAndServedWhenItWasUnderWayAndNewcomersAreRefusedMeanwhile) {
  for (const char* bind : {"127.0.0.1:0", ":0"}) {
    Daemon daemon = Daemon::with_config(std::string("listeners: [{name: echo, bind: '") + bind +
                                        "', echo: {}}]\ndrain_timeout: 1h");
    HalfOpen client(loopback(daemon.port()));
    daemon.drain();
    ASSERT_TRUE(wait_until([&] { return refuses(daemon); }));
    const Peer peer = client.complete();
    EXPECT_TRUE(served(peer)) << bind;
  }
}

TEST(DrainHandshake, DoesNotHoldTheDrainUpWhenItIsNeverCompleted) {
  Daemon daemon = Daemon::with_config(echo_config() + "drain_timeout: 1h");
  const HalfOpen client(loopback(daemon.port()));
  EXPECT_EQ(daemon.stop(), 0);
}

TEST(DrainHandshake, DoesNotKeepASecondSignalFromEndingTheDaemon) {
  Daemon daemon = Daemon::with_config(echo_config() + "drain_timeout: 1h");
  const HalfOpen client(loopback(daemon.port()));
  Peer peer = daemon.connect();
  ASSERT_TRUE(served(peer));
  daemon.drain();
  ASSERT_TRUE(wait_until([&] { return refuses(daemon); }));
  daemon.drain();
  // A FIN or a RST, as the byte that it exchanged is long past or not: other tests tell the two apart.
  EXPECT_NE(peer.receive_until_end().ending, Ending::silence);
  EXPECT_EQ(daemon.process().wait_exit(), 0);
  EXPECT_NO_THROW(daemon.wait_for_record([](const Record& record) { return record.end() == "shutdown"; }));
}

TEST(DrainAtStart, ServesWhoIsConnectedAlreadyWhenTheSignalComesBeforeTheDaemonIsReady) {
  const TempDir dir;
  const std::string first = dir.file("first");
  std::string many;  // so that the start goes on for a while after the first socket listens
  for (int i = 0; i < 500; ++i) many += ", '127.0.0.1:0'";
  Process daemon("weir", {"run", "-c",
                          dir.write("weir.yaml", "listeners: [{name: echo, bind: ['unix:" + first + "'" + many +
                                                     "], echo: {}}]\nworkers: 16\ndrain_timeout: 1h\n")});
  Peer client;
  ASSERT_TRUE(wait_until([&] {
    try {
      client = Peer::connect(Endpoint::unix_path(first));
      return true;
    } catch (const std::system_error&) {
      return false;
    }
  }));
  ASSERT_EQ(daemon.err().find("ready"), std::string::npos);
  daemon.signal(SIGTERM);
  EXPECT_TRUE(served(client));
  client.close();
  EXPECT_EQ(daemon.wait_exit(), 0) << daemon.err();
}

}  // namespace
}  // namespace weir::test
