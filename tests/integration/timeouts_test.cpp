#include <gtest/gtest.h>
#include <sys/socket.h>

#include <exception>
#include <optional>
#include <string>

#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/dead_ends.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/stopwatch.hpp"

/// Which of the time limits ends a connection, and that bytes of each way begin it anew.
namespace weir::test {
namespace {

using std::chrono::milliseconds;

/// One way that bytes go over a connection of a service. `half_closed`: the other way has ended.
struct Way {
  const char* name;
  const char* service;
  bool from_client;
  bool half_closed = false;
};

class Moving : public testing::TestWithParam<Way> {
 protected:
  Daemon start(const std::string& timeouts) {
    const std::string service = GetParam().service;
    return Daemon::with_config("listeners: [{name: l, bind: '127.0.0.1:0', " + service + ": " +
                               (is_proxy() ? "{upstream: u}" : "{}") + ", timeouts: {" + timeouts +
                               "}}]\nupstreams: [{name: u, servers: [{address: '" + backend_.address() + "'}]}]\n");
  }

  static bool is_proxy() { return GetParam().service == std::string("proxy"); }

  void connect(const Daemon& daemon) {
    client_ = daemon.connect();
    if (is_proxy()) server_ = backend_.accept();
    if (!GetParam().half_closed) return;
    (GetParam().from_client ? server_ : client_).shutdown_write();
    (GetParam().from_client ? client_ : server_).receive_until_end();
  }

  /// A byte goes the whole way. False where the connection has ended.
  bool move_byte() {
    try {
      (GetParam().from_client ? client_ : server_).send_all("x");
      if (is_proxy()) return (GetParam().from_client ? server_ : client_).receive_exactly(1) == "x";
      return GetParam().service == std::string("discard") || client_.receive_exactly(1) == "x";
    } catch (const std::exception&) {
      return false;
    }
  }

  /// Whether bytes keep the connection open for three times the limit. Nothing where this machine slept for so long
  /// that the limit may have passed between two of them.
  std::optional<bool> stays_open(milliseconds limit, Stopwatch since_byte) {
    const Stopwatch since_begin;
    while (since_begin.elapsed() < 3 * limit) {
      const Peer& idle = GetParam().half_closed && GetParam().from_client ? server_ : client_;
      const bool ended = idle.readable(limit / 8) || !move_byte();
      if (since_byte.elapsed() > limit / 2) return std::nullopt;
      if (ended) return false;
      since_byte = Stopwatch();
    }
    return true;
  }

  /// That bytes keep the connection open beyond the limit of that name, and that it ends so once none moves. A machine
  /// that sleeps too long gets a longer limit.
  void expect_end_after_silence(const std::string& name, const std::string& other_limits, const std::string& end) {
    for (const int ms : {600, 600, 600, 1200, 2400, 4800, 9600}) {
      const milliseconds limit(ms);
      const Daemon daemon = start(name + ": " + std::to_string(ms) + "ms" + with(other_limits));
      const Stopwatch since_connect;
      connect(daemon);
      const std::optional<bool> stayed = stays_open(limit, since_connect);
      if (!stayed) continue;
      EXPECT_TRUE(*stayed);
      EXPECT_EQ(daemon.wait_for_record().end(), end);
      return;
    }
    FAIL() << "this machine slept for five seconds again and again";
  }

  TestListener backend_;
  Peer client_, server_;
};

std::string name_of(const testing::TestParamInfo<Way>& info) { return info.param.name; }

using Idle = Moving;

TEST_P(Idle, CountsFromTheLastByte) { expect_end_after_silence("idle", "half_close: 1h", "idle_timeout"); }

INSTANTIATE_TEST_SUITE_P(Each, Idle,
                         testing::Values(Way{"Echo", "echo", true}, Way{"Discard", "discard", true},
                                         Way{"ProxyToBackend", "proxy", true}, Way{"ProxyToClient", "proxy", false},
                                         Way{"HalfClosedToBackend", "proxy", true, true},
                                         Way{"HalfClosedToClient", "proxy", false, true}),
                         name_of);

using HalfClose = Moving;

TEST_P(HalfClose, CountsFromTheLastByteTheOtherWay) {
  expect_end_after_silence("half_close", "", "half_close_timeout");
}

TEST_P(HalfClose, CountsFromTheFin) {
  const Daemon daemon = start("half_close: 300ms");
  connect(daemon);
  EXPECT_EQ(daemon.wait_for_record().end(), "half_close_timeout");
}

TEST_P(HalfClose, LifetimeGoesOn) {
  const Daemon daemon = start("half_close: 1h, lifetime: 300ms");
  connect(daemon);
  EXPECT_EQ(daemon.wait_for_record().end(), "lifetime");
}

INSTANTIATE_TEST_SUITE_P(Each, HalfClose,
                         testing::Values(Way{"ToBackend", "proxy", true, true}, Way{"ToClient", "proxy", false, true}),
                         name_of);

TEST(HalfCloseTimeout, IsNoLimitWithoutAFin) {
  const Daemon daemon = Daemon::with_config(echo_config("timeouts: {half_close: 100ms, lifetime: 600ms}"));
  const Peer client = daemon.connect();
  EXPECT_EQ(daemon.wait_for_record().end(), "lifetime");
}

TEST(HeaderTimeout, CountsFromTheBeginHoweverManyBytesCome) {
  const Daemon daemon = Daemon::with_config(echo_config("accept_proxy_protocol: required, timeouts: {header: 400ms}"));
  Peer client = daemon.connect();
  for (const char c : std::string("PROXY TCP4 192.0.2.1 192.0.2.2 1001 1002\r\n")) {
    if (client.readable(milliseconds(50)) || ::send(client.fd(), &c, 1, MSG_NOSIGNAL) != 1) break;
  }
  EXPECT_EQ(daemon.wait_for_record().end(), "header_timeout");
}

TEST(HeaderTimeout, IdleAndLifetimeCountBesideIt) {
  const auto end_with = [](const std::string& timeouts) {
    const Daemon daemon =
        Daemon::with_config(echo_config("accept_proxy_protocol: required, timeouts: {header: 1h, " + timeouts + "}"));
    const Peer client = daemon.connect();
    return daemon.wait_for_record().end();
  };
  EXPECT_EQ(end_with("idle: 200ms"), "idle_timeout");
  EXPECT_EQ(end_with("lifetime: 200ms"), "lifetime");
}

TEST(HeaderTimeout, IsOverOnceTheHeaderHasCome) {
  const Daemon daemon =
      Daemon::with_config(echo_config("accept_proxy_protocol: required, timeouts: {header: 1s, lifetime: 2s}"));
  Peer client = daemon.connect();
  client.send_all("PROXY TCP4 192.0.2.1 192.0.2.2 1001 1002\r\nx");
  EXPECT_EQ(client.receive_exactly(1), "x");
  EXPECT_EQ(daemon.wait_for_record().end(), "lifetime");
}

/// Where a connection may wait that has no backend yet.
enum class At { queue, connecting, full_unix_socket, between_attempts };

class WithoutBackend : public testing::TestWithParam<At> {
 protected:
  /// A proxy whose clients wait there for an hour.
  Daemon proxy(const std::string& listener) {
    switch (GetParam()) {
      case At::queue: {
        Daemon daemon = Daemon::with_config(
            "listeners: [{name: first, bind: '127.0.0.1:0', proxy: {upstream: back}}, "
            "{name: front, bind: '127.0.0.1:0', proxy: {upstream: back}" +
            with(listener) + "}]\nupstreams: [{name: back, servers: [{address: '" + backend_.address() +
            "', max_connections: 1}], queue: {timeout: 1h}}]\n");
        first_ = daemon.connect("first");
        server_ = backend_.accept();
        return daemon;
      }
      case At::connecting:
        return Daemon::with_config(proxy_config({hole_.address()}, listener, "connect: {timeout: 1h}"));
      case At::full_unix_socket:
        return Daemon::with_config(proxy_config({full_.address()}, listener, "connect: {timeout: 1h}"));
      case At::between_attempts:
        break;
    }
    return Daemon::with_config(proxy_config({refused_.address()}, listener, "connect: {delay: 1h}"));
  }

  TempDir dir_;
  TestListener backend_;
  BlackHole hole_;
  FullUnixQueue full_{dir_.file("back.sock")};
  RefusedPort refused_;
  Peer first_, server_;
};

constexpr const char* kOnlyLifetime = "timeouts: {idle: 100ms, half_close: 100ms, header: 100ms, lifetime: 600ms}";

TEST_P(WithoutBackend, LifetimeAloneCountsAndItsEndIsAFin) {
  const Daemon daemon = proxy(kOnlyLifetime);
  Peer client = daemon.connect("front");
  EXPECT_EQ(client.receive_until_end().ending, Ending::fin);
  EXPECT_EQ(daemon.wait_for_record().end(), "lifetime");
}

TEST_P(WithoutBackend, WhoHadSentSomethingIsReset) {
  const Daemon daemon = proxy(kOnlyLifetime);
  Peer client = daemon.connect("front");
  client.send_all("question");
  EXPECT_EQ(client.receive_until_end().ending, Ending::reset);
  EXPECT_EQ(daemon.wait_for_record().end(), "lifetime");
}

TEST_P(WithoutBackend, HalfCloseDoesNotCountAfterTheClientsFin) {
  const Daemon daemon = proxy(kOnlyLifetime);
  Peer client = daemon.connect("front");
  client.shutdown_write();
  EXPECT_EQ(daemon.wait_for_record().end(), "lifetime");
}

std::string place_of(const testing::TestParamInfo<At>& info) {
  if (info.param == At::queue) return "InTheQueue";
  if (info.param == At::connecting) return "WhileItConnects";
  return info.param == At::full_unix_socket ? "BeforeAFullUnixSocket" : "BetweenAttempts";
}

INSTANTIATE_TEST_SUITE_P(Each, WithoutBackend,
                         testing::Values(At::queue, At::connecting, At::full_unix_socket, At::between_attempts),
                         place_of);

TEST(IdleTimeout, CountsFromTheBackendAndNotFromTheClient) {
  RefusedPort late;
  const Daemon daemon = Daemon::with_config(
      proxy_config({late.address()}, "timeouts: {idle: 400ms}", "connect: {attempts: 1000, delay: 20ms}"));
  Peer client = daemon.connect();
  EXPECT_FALSE(client.readable(milliseconds(900)));
  const Stopwatch since_begin;
  TestListener backend = late.start_listening();
  Peer server = backend.accept();
  EXPECT_EQ(client.receive_until_end().ending, Ending::fin);
  EXPECT_GE(since_begin.elapsed(), milliseconds(400));
  EXPECT_EQ(server.receive_until_end().ending, Ending::fin);
  EXPECT_EQ(daemon.wait_for_record().end(), "idle_timeout");
}

}  // namespace
}  // namespace weir::test
