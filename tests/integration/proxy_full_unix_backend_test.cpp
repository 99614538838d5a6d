#include <gmock/gmock.h>

#include <future>
#include <string>

#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/dead_ends.hpp"
#include "tests/support/stopwatch.hpp"
#include "tests/support/temp_dir.hpp"

/// A server on a unix socket that has more connections than it accepts: who comes waits, as before a TCP socket.
namespace weir::test {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::Not;

class ProxyFullUnixBackend : public ::testing::Test {
 protected:
  Daemon proxy(const std::string& upstream) const {
    return Daemon::with_config(proxy_config({server_.address()}, "", upstream));
  }

  const TempDir dir_;
  FullUnixQueue server_{dir_.file("back.sock")};
};

TEST_F(ProxyFullUnixBackend, IsWaitedForAndHasNotFailed) {
  const Daemon daemon = proxy("connect: {timeout: 1h, attempts: 1}");
  Peer client = daemon.connect();
  client.send_all("at last");
  EXPECT_FALSE(client.readable(milliseconds(200)));
  TestListener& backend = server_.make_room();
  Peer server = backend.accept();
  EXPECT_EQ(server.receive_exactly(7), "at last");
  server.send_all("welcome");
  EXPECT_EQ(client.receive_exactly(7), "welcome");
  client.close();
  server.close();
  EXPECT_EQ(daemon.wait_for_record().attempts(), 1);
  EXPECT_THAT(daemon.process().err(), Not(HasSubstr("cannot connect")));
}

TEST_F(ProxyFullUnixBackend, HasFailedAfterTheTimeoutAndNoSooner) {
  Daemon daemon = proxy("connect: {timeout: 300ms, attempts: 2, delay: 10ms}");
  const Stopwatch since_connect;
  Peer client = daemon.connect();
  EXPECT_EQ(client.receive_until_end().ending, Ending::reset);
  EXPECT_GE(since_connect.elapsed(), milliseconds(600));
  const Record record = daemon.wait_for_record();
  EXPECT_EQ(record.end(), "connect_failed");
  EXPECT_EQ(record.attempts(), 2);
  daemon.process().wait_for_error_line("cannot connect to .*: Connection timed out");
}

TEST_F(ProxyFullUnixBackend, IsWaitedForByAHealthCheck) {
  const Daemon daemon = proxy("health: {interval: 10ms, timeout: 1h, fall: 1}");
  TestListener& backend = server_.make_room();
  for (int i = 0; i < 3; ++i) backend.accept();
  EXPECT_THAT(daemon.process().err(), Not(HasSubstr("is down")));
}

TEST_F(ProxyFullUnixBackend, IsDownWhenAHealthCheckHasWaitedItsTimeout) {
  Daemon daemon = proxy("health: {interval: 10ms, timeout: 200ms, fall: 1, rise: 1}");
  daemon.process().wait_for_error_line("is down: connect: not within 200ms");
  TestListener& backend = server_.make_room();
  backend.accept();
  daemon.process().wait_for_error_line("is up: it accepts connections");
}

TEST_F(ProxyFullUnixBackend, IsWaitedForByTheLoadGenerator) {
  for (const std::string workload : {"echo", "chat"}) {
    FullUnixQueue server(dir_.file(workload + ".sock"));
    auto finished = std::async(std::launch::async, [&] {
      std::vector<std::string> arguments{workload, server.address()};
      if (workload == "echo") arguments.insert(arguments.end(), {"--quiet", "-c", "1", "-n", "1", "-l", "64"});
      return run("weir-load", arguments);
    });
    EXPECT_EQ(finished.wait_for(milliseconds(200)), std::future_status::timeout);
    Peer peer = server.make_room().accept();
    if (workload == "echo") peer.send_all(peer.receive_exactly(64));
    peer.close();
    EXPECT_EQ(finished.get().exit, 0) << workload;
  }
}

}  // namespace
}  // namespace weir::test
