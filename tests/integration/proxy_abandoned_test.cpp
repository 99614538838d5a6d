#include <gtest/gtest.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <atomic>
#include <csignal>
#include <string>
#include <type_traits>
#include <vector>

#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/dead_ends.hpp"
#include "tests/support/open_sockets.hpp"
#include "tests/support/temp_dir.hpp"

/// Clients that leave while their connection has no backend yet.
namespace weir::test {
namespace {

using std::chrono::milliseconds;

constexpr const char* kWords = "never mind";
constexpr std::int64_t kLength = 10;

/// All that was sent is in the other side's kernel, so that a RST leaves it there.
bool arrived(const Peer& peer) {
  return wait_until([&] {
    int count = 1;
    return ::ioctl(peer.fd(), SIOCOUTQ, &count) == 0 && count == 0;
  });
}

/// An upstream that gives no client a backend for an hour, and why.
struct Wait {
  virtual ~Wait() = default;
  /// A proxy before it; connections are then waiting.
  virtual Daemon proxy(const std::string& listener, const std::string& connect) = 0;
};

struct InTheQueue : Wait {
  Daemon proxy(const std::string& listener, const std::string& connect) override {
    Daemon daemon =
        Daemon::with_config("listeners: [{name: front, bind: '127.0.0.1:0', proxy: {upstream: back}" + with(listener) +
                            "}]\nupstreams: [{name: back, servers: [{address: '" + backend_.address() +
                            "', max_connections: 1}], queue: {timeout: 1h}, connect: {" + connect + "}}]\n");
    client_ = daemon.connect();
    server_ = backend_.accept();
    return daemon;
  }
  TestListener backend_;
  Peer client_, server_;  // who fill it
};

struct WhileItConnects : Wait {
  Daemon proxy(const std::string& listener, const std::string& connect) override {
    return Daemon::with_config(
        proxy_config({hole_.address()}, listener, "connect: {timeout: 1h" + with(connect) + "}"));
  }
  BlackHole hole_;
};

struct BeforeAFullUnixSocket : Wait {
  Daemon proxy(const std::string& listener, const std::string& connect) override {
    return Daemon::with_config(
        proxy_config({full_.address()}, listener, "connect: {timeout: 1h" + with(connect) + "}"));
  }
  TempDir dir_;
  FullUnixQueue full_{dir_.file("back.sock")};
};

struct BetweenAttempts : Wait {
  Daemon proxy(const std::string& listener, const std::string& connect) override {
    return Daemon::with_config(
        proxy_config({refused_.address()}, listener, "connect: {delay: 1h" + with(connect) + "}"));
  }
  RefusedPort refused_;
};

template <typename Where>
class ProxyAbandoned : public testing::Test {
 protected:
  Daemon proxy(const std::string& connect = "", const std::string& listener = "") {
    return where_.proxy(listener, connect);
  }
  Where where_;
};

struct Names {
  template <typename Where>
  static std::string GetName(int) {
    if (std::is_same_v<Where, InTheQueue>) return "InTheQueue";
    if (std::is_same_v<Where, WhileItConnects>) return "WhileItConnects";
    return std::is_same_v<Where, BetweenAttempts> ? "BetweenAttempts" : "BeforeAFullUnixSocket";
  }
};

using Everywhere = testing::Types<InTheQueue, WhileItConnects, BeforeAFullUnixSocket, BetweenAttempts>;
TYPED_TEST_SUITE(ProxyAbandoned, Everywhere, Names);

void expect_lost(const Record& record, const char* end, std::int64_t bytes) {
  EXPECT_EQ(record.end(), end);
  EXPECT_EQ(record.bytes_in(), bytes) << record.line();
  EXPECT_EQ(record.bytes_lost(), bytes) << record.line();
  EXPECT_EQ(record.bytes_out(), 0) << record.line();
}

TYPED_TEST(ProxyAbandoned, ResetEndsItAtOnceAndWhatItHadSentIsSaidToBeLost) {
  const Daemon daemon = this->proxy();
  const OpenSockets sockets(daemon);
  Peer client = daemon.connect();
  client.send_all(kWords);
  ASSERT_TRUE(arrived(client));
  EXPECT_FALSE(client.readable(milliseconds(100)));
  client.reset();
  expect_lost(daemon.wait_for_record(), "client_reset", kLength);
  EXPECT_EQ(sockets.left_over(), 0u);
}

TYPED_TEST(ProxyAbandoned, ResetAfterAFinEndsItToo) {
  const Daemon daemon = this->proxy();
  Peer client = daemon.connect();
  client.send_all(kWords);
  client.shutdown_write();
  ASSERT_TRUE(arrived(client));
  EXPECT_FALSE(client.readable(milliseconds(100)));
  client.reset();
  expect_lost(daemon.wait_for_record(), "client_reset", kLength);
}

TYPED_TEST(ProxyAbandoned, FinEndsItOnlyWhereThatIsAskedFor) {
  const Daemon daemon = this->proxy();
  Peer client = daemon.connect();
  client.shutdown_write();
  EXPECT_FALSE(client.readable(milliseconds(200)));
  EXPECT_TRUE(daemon.records().empty());
}

TYPED_TEST(ProxyAbandoned, FinThatIsToEndItIsAnsweredWithAFinWhereNothingIsLost) {
  const Daemon daemon = this->proxy("abort_on: close");
  const OpenSockets sockets(daemon);
  Peer client = daemon.connect();
  EXPECT_FALSE(client.readable(milliseconds(100)));
  client.shutdown_write();
  EXPECT_EQ(client.receive_until_end().ending, Ending::fin);
  expect_lost(daemon.wait_for_record(), "client_closed", 0);
  client.close();
  EXPECT_EQ(sockets.left_over(), 0u);
}

TYPED_TEST(ProxyAbandoned, FinThatIsToEndItDoesSoBehindBytesAndIsAnsweredWithAReset) {
  const Daemon daemon = this->proxy("abort_on: close");
  Peer client = daemon.connect();
  client.send_all(kWords);
  EXPECT_FALSE(client.readable(milliseconds(100)));
  client.shutdown_write();
  EXPECT_EQ(client.receive_until_end().ending, Ending::reset);
  expect_lost(daemon.wait_for_record(), "client_closed", kLength);
}

TYPED_TEST(ProxyAbandoned, UrgentByteIsNoFin) {
  const Daemon daemon = this->proxy("abort_on: close");
  Peer client = daemon.connect();
  client.send_urgent('!');
  EXPECT_FALSE(client.readable(milliseconds(200)));
  EXPECT_TRUE(daemon.records().empty());
  client.shutdown_write();
  expect_lost(daemon.wait_for_record(), "client_closed", 1);
}

TYPED_TEST(ProxyAbandoned, ClientWhoseHostIsGoneIsATimeout) {
  const Daemon daemon = this->proxy("", "tcp: {keepalive: {idle: 1s, interval: 1s, count: 1}}");
  Peer client = daemon.connect();
  client.send_all(kWords);
  ASSERT_TRUE(arrived(client));
  client.go_dark();
  expect_lost(daemon.wait_for_record(), "client_timeout", kLength);
}

TEST(ProxyAbandonedHeader, IsNoByteThatIsLost) {
  const RefusedPort refused;
  const Daemon daemon = Daemon::with_config(
      proxy_config({refused.address()}, "accept_proxy_protocol: required", "connect: {delay: 1h, abort_on: close}"));
  Peer client = daemon.connect();
  client.send_all("PROXY TCP4 192.0.2.1 198.51.100.2 4242 80\r\n" + std::string(kWords));
  client.shutdown_write();
  EXPECT_EQ(client.receive_until_end().ending, Ending::reset);
  expect_lost(daemon.wait_for_record(), "client_closed", kLength);
}

std::string full_server(const std::string& address) {
  return "workers: 1\nlisteners: [{name: front, bind: '127.0.0.1:0', proxy: {upstream: back}}]\n"
         "upstreams: [{name: back, servers: [{address: '" +
         address + "', max_connections: 2}], queue: {timeout: 1h}}]\n";
}

TEST(ProxyAbandonedCrowd, IsNotSeenByAServerThatHasRoomAgain) {
  constexpr int kCrowd = 50;
  FakeBackend backend(greets_then_echoes("A"));
  const Daemon daemon = Daemon::with_config(full_server(backend.address()));
  std::vector<Peer> served;
  for (int i = 0; i < 2; ++i) {
    served.push_back(daemon.connect());
    EXPECT_EQ(served.back().receive_exactly(1), "A");
  }
  std::vector<Peer> crowd;
  for (int i = 0; i < kCrowd; ++i) {
    crowd.push_back(daemon.connect());
    crowd.back().send_all(kWords);
    ASSERT_TRUE(arrived(crowd.back()));
  }
  Peer patient = daemon.connect();
  EXPECT_FALSE(patient.readable(milliseconds(100)));
  for (Peer& peer : crowd) peer.reset();
  for (const Record& record : daemon.wait_for_records(kCrowd)) expect_lost(record, "client_reset", kLength);
  served.front().close();
  EXPECT_EQ(patient.receive_exactly(1), "A");
  EXPECT_EQ(backend.accepted(), 3u);
}

// A client may leave in the very moment in which its backend is connected, and either may be seen first.
TEST(ProxyAbandonedCrowd, WhatItHadSentIsEitherDeliveredOrSaidToBeLost) {
  constexpr int kCrowd = 50;
  std::atomic<std::int64_t> delivered{0};
  FakeBackend backend([&](Peer& client) {
    delivered += static_cast<std::int64_t>(client.receive_until_end().bytes.size());
    return Leave::close;
  });
  const Daemon daemon = Daemon::with_config(proxy_config({backend.address()}) + "workers: 1\n");
  daemon.process().signal(SIGSTOP);
  ASSERT_TRUE(wait_until([&] { return daemon.process().stopped(); }));
  for (int i = 0; i < kCrowd; ++i) {
    Peer client = daemon.connect();
    client.send_all(kWords);
    ASSERT_TRUE(arrived(client));
    client.reset();
  }
  daemon.process().signal(SIGCONT);
  std::int64_t lost = 0;
  for (const Record& record : daemon.wait_for_records(kCrowd)) {
    EXPECT_EQ(record.end(), "client_reset");
    EXPECT_EQ(record.bytes_in(), kLength);
    lost += record.bytes_lost();
  }
  EXPECT_TRUE(wait_until([&] { return delivered + lost == kCrowd * kLength; })) << delivered << " and " << lost;
}

}  // namespace
}  // namespace weir::test
