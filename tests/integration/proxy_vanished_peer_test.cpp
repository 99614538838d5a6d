#include <gtest/gtest.h>

#include <string>

#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/open_sockets.hpp"
#include "tests/support/random_bytes.hpp"

/// A host goes away without a word: nothing that is sent to it is answered any more.
namespace weir::test {
namespace {

/// What finds it out, and what the record then says.
struct Remedy {
  const char* name;
  const char* listener;
  const char* upstream;
  const char* client_vanished;
  const char* server_vanished;
};

void PrintTo(const Remedy& remedy, std::ostream* out) { *out << remedy.name; }
std::string name_of(const testing::TestParamInfo<Remedy>& remedy) { return remedy.param.name; }

class Vanished : public testing::TestWithParam<Remedy> {
 protected:
  Vanished() {
    client_.send_all("x");
    server_.receive_exactly(1);
    server_.send_all("y");
    client_.receive_exactly(1);
  }

  /// The daemon has found it out: it says so, resets the one that is left, and keeps nothing.
  Record found_out(const char* end, Peer& left) {
    const Record record = daemon_.wait_for_record();
    EXPECT_EQ(record.end(), end);
    EXPECT_EQ(left.receive_until_end().ending, Ending::reset);
    EXPECT_EQ(sockets_.left_over(), 0u);
    return record;
  }

  TestListener backend_;
  Daemon daemon_ = Daemon::with_config(proxy_config({backend_.address()}, GetParam().listener, GetParam().upstream));
  OpenSockets sockets_{daemon_};
  Peer client_ = daemon_.connect();
  Peer server_ = backend_.accept();
};

class VanishedWhileIdle : public Vanished {};

TEST_P(VanishedWhileIdle, ClientIsFoundOut) {
  client_.go_dark();
  EXPECT_EQ(found_out(GetParam().client_vanished, server_).bytes_lost(), 0);
}

TEST_P(VanishedWhileIdle, ServerIsFoundOut) {
  server_.go_dark();
  EXPECT_EQ(found_out(GetParam().server_vanished, client_).bytes_lost(), 0);
}

constexpr const char* kQuickKeepalive = "tcp: {keepalive: {idle: 1s, interval: 1s, count: 1}}";

INSTANTIATE_TEST_SUITE_P(By, VanishedWhileIdle,
                         testing::Values(Remedy{"Keepalive", kQuickKeepalive, kQuickKeepalive, "client_timeout",
                                                "server_timeout"}),
                         name_of);

class VanishedInMidTransfer : public Vanished {};

TEST_P(VanishedInMidTransfer, ClientIsFoundOut) {
  client_.go_dark();
  server_.send_until_stalled(random_bytes(32 << 20));
  const Record record = found_out(GetParam().client_vanished, server_);
  EXPECT_GT(record.bytes_lost(), 0);
  EXPECT_EQ(record.bytes_in(), 1);
}

TEST_P(VanishedInMidTransfer, ServerIsFoundOut) {
  server_.go_dark();
  client_.send_until_stalled(random_bytes(32 << 20));
  const Record record = found_out(GetParam().server_vanished, client_);
  EXPECT_GT(record.bytes_lost(), 0);
  EXPECT_EQ(record.bytes_out(), 1);
}

constexpr const char* kImpatient = "tcp: {user_timeout: 2s}";  // longer than filling the buffers takes

// Keepalive probes only what is idle; while bytes are on their way, the kernel sends them again for a quarter of an
// hour (tcp_retries2 of tcp(7)). So it is not among these.
INSTANTIATE_TEST_SUITE_P(
    By, VanishedInMidTransfer,
    testing::Values(Remedy{"UserTimeout", kImpatient, kImpatient, "client_timeout", "server_timeout"},
                    Remedy{"IdleTimeout", "timeouts: {idle: 2s}", "", "idle_timeout", "idle_timeout"}),
    name_of);

TEST(UserTimeout, ClientOfAnEchoThatAcknowledgesNothingIsGivenUp) {
  const Daemon daemon = Daemon::with_config(echo_config(kImpatient));
  Peer client = daemon.connect();
  client.go_dark();
  client.send_all("shout");
  const Record record = daemon.wait_for_record();
  EXPECT_EQ(record.end(), "client_timeout");
  EXPECT_EQ(record.bytes_in(), 5);
}

TEST(UserTimeout, OneThatAcknowledgesAndSaysNothingIsNotGivenUp) {
  const Daemon daemon = Daemon::with_config(echo_config("tcp: {user_timeout: 100ms}, timeouts: {idle: 1s}"));
  Peer client = daemon.connect();
  client.send_all("shout");
  EXPECT_EQ(client.receive_exactly(5), "shout");
  EXPECT_EQ(daemon.wait_for_record().end(), "idle_timeout");
}

}  // namespace
}  // namespace weir::test
