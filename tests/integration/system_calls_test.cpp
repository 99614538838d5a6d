#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <future>
#include <map>
#include <sstream>
#include <string_view>

#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/temp_dir.hpp"

/// What the daemon asks the kernel for, counted by strace(1): no call that a message or a connection does not need.
namespace weir::test {
namespace {

constexpr const char* kStrace = "/usr/bin/strace";
constexpr int kTimes = 200;

/// strace counts a call when it returns, and may be stopped before the last one has.
constexpr double kOneMissing = 1.5 / kTimes;

/// Calls of each name, divided by how often the thing was done.
class Calls {
 public:
  Calls(const std::string& summary, int times) {
    std::ifstream lines(summary);
    // `name calls`, as `-U` asks for, below a head and above a total.
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line);
      std::string name;
      double calls = 0;
      if (words >> name >> calls && name != "total") each_[name] = calls / times;
    }
  }

  double operator[](const std::string& name) const { return each_.contains(name) ? each_.at(name) : 0; }

  double all() const {
    double sum = 0;
    for (const auto& [name, calls] : each_) sum += calls;
    return sum;
  }

  friend std::ostream& operator<<(std::ostream& out, const Calls& calls) {
    for (const auto& [name, each] : calls.each_) out << name << ' ' << each << ", ";
    return out;
  }

 private:
  std::map<std::string, double> each_;
};

class SystemCalls : public ::testing::Test {
 protected:
  void SetUp() override {
    if (kSanitized) GTEST_SKIP() << "a sanitizer makes calls of its own";
  }

  /// A proxy with one worker and nothing else to do.
  static Daemon proxy_to(const FakeBackend& backend) {
    return Daemon::with_config(proxy_config({backend.address()}) +
                               "workers: 1\nrelay: {splice: auto}\naccess_log: {enabled: false}\n");
  }

  /// What `work` costs the daemon.
  template <typename Work>
  Calls count(Daemon& daemon, Work work) {
    const std::string summary = dir_.file("calls");
    Process strace(kStrace,
                   {"-f", "-c", "-U", "name,calls", "-o", summary, "-p", std::to_string(daemon.process().pid())});
    strace.wait_for_error_line("attached");
    work();
    strace.signal(SIGINT);
    strace.wait_exit();
    return Calls(summary, kTimes);
  }

  TempDir dir_;
};

TEST_F(SystemCalls, SmallRequestThroughTheProxyCostsTwoReceivesAndTwoSends) {
  FakeBackend backend(echoes());
  Daemon daemon = proxy_to(backend);
  Peer client = daemon.connect();
  const std::string message(64, 'm');
  const auto exchange = [&] {
    client.send_all(message);
    client.receive_exactly(message.size());
  };
  exchange();
  const Calls calls = count(daemon, [&] {
    for (int i = 0; i < kTimes; ++i) exchange();
  });
  EXPECT_NEAR(calls["recvfrom"], 2, kOneMissing) << calls;
  EXPECT_NEAR(calls["sendto"], 2, kOneMissing) << calls;
  EXPECT_LE(calls["epoll_wait"], 2.1) << "one for each message, where there is only one connection: " << calls;
  EXPECT_LE(calls.all(), 6.15) << calls;
}

TEST_F(SystemCalls, ConnectionKeepsToItsBudget) {
  FakeBackend backend(echoes());
  Daemon daemon = proxy_to(backend);
  const std::string message(64, 'm');
  const Calls calls = count(daemon, [&] {
    for (int i = 0; i < kTimes; ++i) {
      Peer client = daemon.connect();
      client.send_all(message);
      client.receive_exactly(message.size());
      client.shutdown_write();
      ASSERT_EQ(client.receive_until_end().ending, Ending::fin);
    }
  });
  EXPECT_NEAR(calls["socket"], 1, kOneMissing) << calls;
  EXPECT_NEAR(calls["connect"], 1, kOneMissing) << calls;
  EXPECT_NEAR(calls["epoll_ctl"], 2, kOneMissing) << "one registration a socket: " << calls;
  EXPECT_LE(calls["accept4"], 2) << "one that brings it and one that finds no other: " << calls;
  EXPECT_LE(calls["setsockopt"], 6) << calls;
  EXPECT_NEAR(calls["getsockname"], 1, kOneMissing) << "whether it came to itself: " << calls;
  EXPECT_LE(calls["recvfrom"], 4) << "the bytes and the FIN of each side: " << calls;
  EXPECT_NEAR(calls["sendto"], 2, kOneMissing) << calls;
  EXPECT_NEAR(calls["shutdown"], 1, kOneMissing) << "the second FIN goes with the close: " << calls;
  EXPECT_NEAR(calls["close"], 2, kOneMissing) << calls;
  EXPECT_LE(calls["epoll_wait"], 6.1) << calls;
  EXPECT_LE(calls.all() - calls["epoll_wait"], 22.1) << calls;
}

TEST_F(SystemCalls, StreamIsSplicedUnlessItMustNotBe) {
  const std::string bytes(4 << 20, 's');
  for (const std::string mode : {"auto", "always", "never"}) {
    TestListener backend;
    Daemon daemon = Daemon::with_config(proxy_config({backend.address()}) + "relay: {splice: " + mode + "}\n");
    Peer client = daemon.connect();
    Peer server = backend.accept();
    const Calls calls = count(daemon, [&] {
      // The backend reads once all queues are full, so that there is something to stream.
      std::string_view rest = bytes;
      rest.remove_prefix(client.send_until_stalled(rest));
      auto sending = std::async(std::launch::async, [&] {
        client.send_all(rest);
        client.shutdown_write();
      });
      EXPECT_EQ(server.receive_until_end().bytes.size(), bytes.size());
      sending.get();
    });
    if (mode == "never") {
      EXPECT_EQ(calls["splice"], 0) << calls;
    } else {
      EXPECT_GT(calls["splice"], 0) << mode << ": " << calls;
      EXPECT_LE(calls["recvfrom"] * kTimes, 16) << mode << ": " << calls;
    }
  }
}

}  // namespace
}  // namespace weir::test
