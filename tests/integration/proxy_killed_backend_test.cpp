#include <gtest/gtest.h>

#include <future>

#include "tests/support/child_backend.hpp"
#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/open_sockets.hpp"
#include "tests/support/random_bytes.hpp"
#include "tests/support/tcp_queues.hpp"

/// A backend's process dies by kill -9 in the middle of a transfer.
namespace weir::test {
namespace {

TEST(ProxyKilledBackend, ClientGetsAllThatItSentAndThenAReset) {
  const std::string bytes = random_bytes(1 << 20);
  ChildBackend backend(bytes, 1 << 20);
  Daemon daemon = Daemon::with_config(proxy_config({backend.address()}));
  const OpenSockets sockets(daemon);
  Peer client = daemon.connect();
  client.send_until_stalled(random_bytes(96 << 20, 2));
  const std::uint16_t port = endpoint_of(backend.address()).port();
  ASSERT_TRUE(wait_until([&] { return backend.sent() == bytes.size() && backend.taken() == 1u << 20; }));
  ASSERT_TRUE(wait_until([&] { return tcp_queues_to(port).accepted.send == 0; }));
  const TcpConnectionQueues queues = tcp_queues_to(port);
  const std::size_t passed_on = backend.taken() + queues.accepted.receive + queues.connected.send;
  backend.kill();
  const Received received = client.receive_until_end();
  EXPECT_EQ(difference(received.bytes, bytes), "");
  EXPECT_EQ(received.ending, Ending::reset);
  const Record record = daemon.wait_for_record();
  EXPECT_EQ(record.end(), "server_reset");
  EXPECT_EQ(record.bytes_out(), static_cast<std::int64_t>(bytes.size()));
  EXPECT_GT(record.bytes_lost(), 0);
  EXPECT_EQ(record.bytes_in() - record.bytes_lost(), static_cast<std::int64_t>(passed_on));
  EXPECT_EQ(sockets.left_over(), 0u);
}

TEST(ProxyKilledBackend, WhatStreamsBothWaysEndsWithAResetAndNoByteIsWrong) {
  const std::string bytes = random_bytes(64 << 20);
  for (int i = 0; i < 5; ++i) {
    const std::size_t most = std::size_t{1} << (18 + i);
    ChildBackend backend(bytes, most);
    Daemon daemon = Daemon::with_config(proxy_config({backend.address()}));
    const OpenSockets sockets(daemon);
    auto exchange = std::async(std::launch::async, [&] { return daemon.connect().exchange(bytes); });
    // One that has read all that came leaves with a FIN.
    const std::uint16_t port = endpoint_of(backend.address()).port();
    ASSERT_TRUE(wait_until([&] { return backend.taken() == most && tcp_queues_to(port).accepted.receive > 0; }));
    backend.kill();
    const Received received = exchange.get();
    EXPECT_EQ(received.ending, Ending::reset);
    EXPECT_EQ(difference(received.bytes, bytes.substr(0, received.bytes.size())), "");
    const Record record = daemon.wait_for_record();
    EXPECT_EQ(record.end(), "server_reset");
    EXPECT_EQ(record.bytes_out(), static_cast<std::int64_t>(received.bytes.size()));
    EXPECT_LE(record.bytes_lost(), record.bytes_in() - static_cast<std::int64_t>(backend.taken()));
    EXPECT_EQ(sockets.left_over(), 0u);
  }
}

TEST(ProxyKilledBackend, OneThatReadEverythingLeavesWithAFin) {
  const std::string bytes = random_bytes(1 << 20);
  ChildBackend backend(bytes, 5);
  Daemon daemon = Daemon::with_config(proxy_config({backend.address()}));
  const OpenSockets sockets(daemon);
  Peer client = daemon.connect();
  client.send_all("hello");
  ASSERT_TRUE(wait_until([&] { return backend.sent() == bytes.size() && backend.taken() == 5; }));
  backend.kill();
  const Received received = client.receive_until_end();
  EXPECT_EQ(difference(received.bytes, bytes), "");
  EXPECT_EQ(received.ending, Ending::fin);
  client.close();
  const Record record = daemon.wait_for_record();
  EXPECT_EQ(record.end(), "server_closed");
  EXPECT_EQ(record.bytes_lost(), 0);
  EXPECT_EQ(sockets.left_over(), 0u);
}

}  // namespace
}  // namespace weir::test
