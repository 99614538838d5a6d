#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <vector>

#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/random_bytes.hpp"

/// A crowd that never sends, sends a byte now and then, never reads or resets must not be felt by the others.
namespace weir::test {
namespace {

void expect_unfelt(const Daemon& daemon) {
  std::vector<Peer> silent;
  for (int i = 0; i < 300; ++i) silent.push_back(daemon.connect());
  std::vector<Peer> greedy;  // send megabytes, read nothing
  const std::string megabytes = random_bytes(4 << 20);
  for (int i = 0; i < 10; ++i) {
    greedy.push_back(daemon.connect("", {.receive_buffer = 8 << 10}));
    greedy.back().send_until_stalled(megabytes, std::chrono::milliseconds(20));
  }
  std::atomic<bool> done{false};
  auto dripping = std::async(std::launch::async, [&] {
    std::vector<Peer> slow;
    for (int i = 0; i < 30; ++i) slow.push_back(daemon.connect());
    while (!done) {
      for (Peer& peer : slow) peer.send_all("x");
      wait_until([&] { return done.load(); }, std::chrono::milliseconds(50));
    }
  });
  auto resetting = std::async(std::launch::async, [&] {
    for (int i = 0; i < 300; ++i) {
      Peer peer = daemon.connect();
      if (i % 2 == 0) peer.send_all("never mind");
      peer.reset();
    }
  });
  std::vector<std::future<std::string>> others;
  for (int i = 0; i < 20; ++i) {
    others.push_back(std::async(std::launch::async, [&daemon, i]() -> std::string {
      const std::string bytes = random_bytes(256 << 10, static_cast<std::uint64_t>(i));
      const Received received = daemon.connect().exchange(bytes);
      return received.ending == Ending::fin ? difference(received.bytes, bytes) : "no FIN";
    }));
  }
  for (std::future<std::string>& other : others) EXPECT_EQ(other.get(), "");
  resetting.get();
  done = true;
  dripping.get();
  EXPECT_FALSE(silent.front().readable());
}

TEST(HostileCrowd, IsNotFeltByTheOthersOfAnEcho) { expect_unfelt(Daemon::with_config(echo_config())); }

TEST(HostileCrowd, IsNotFeltByTheOthersOfAProxy) {
  Daemon backend = Daemon::with_verb({"echo", "127.0.0.1:0"});
  expect_unfelt(Daemon::with_config(proxy_config({backend.addresses().front()})));
}

}  // namespace
}  // namespace weir::test
