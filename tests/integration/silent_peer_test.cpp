#include <gtest/gtest.h>

#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/dead_ends.hpp"
#include "tests/support/fake_backend.hpp"

/// What a peer gets that is gone without a word while bytes are under way to it.
namespace weir::test {
namespace {

constexpr const char* kImpatient = "tcp: {user_timeout: 300ms}";

TEST(SilentPeer, ClientThatAcknowledgesNothingIsGivenUp) {
  Daemon daemon = Daemon::with_config(echo_config(kImpatient));
  Peer client = daemon.connect();
  fall_silent(client);
  client.send_all("shout");
  const Record record = daemon.wait_for_record();
  EXPECT_EQ(record.end(), "client_timeout");
  EXPECT_EQ(record.bytes_in(), 5);
}

TEST(SilentPeer, BackendThatAcknowledgesNothingIsGivenUp) {
  TestListener backend;
  Daemon daemon = Daemon::with_config(proxy_config({backend.address()}, "", kImpatient));
  Peer client = daemon.connect();
  const Peer server = backend.accept();
  fall_silent(server);
  client.send_all("shout");
  EXPECT_EQ(client.receive_until_end().ending, Ending::reset);
  EXPECT_EQ(daemon.wait_for_record().end(), "server_timeout");
}

TEST(SilentPeer, ClientOfAProxyIsGivenUpAndItsBackendReset) {
  TestListener backend;
  Daemon daemon = Daemon::with_config(proxy_config({backend.address()}, kImpatient));
  Peer client = daemon.connect();
  Peer server = backend.accept();
  fall_silent(client);
  server.send_all("shout");
  EXPECT_EQ(server.receive_until_end().ending, Ending::reset);
  EXPECT_EQ(daemon.wait_for_record().end(), "client_timeout");
}

TEST(SilentPeer, OneThatAcknowledgesAndSaysNothingIsNot) {
  Daemon daemon = Daemon::with_config(echo_config("tcp: {user_timeout: 100ms}, timeouts: {idle: 1s}"));
  Peer client = daemon.connect();
  client.send_all("shout");
  EXPECT_EQ(client.receive_exactly(5), "shout");
  EXPECT_EQ(daemon.wait_for_record().end(), "idle_timeout");
}

}  // namespace
}  // namespace weir::test
