#include <gmock/gmock.h>
#include <sys/socket.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "common/io/descriptor.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/peer.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/wait_until.hpp"

namespace weir::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// A socket as a service manager holds it: it listens whether a daemon runs or not.
class HeldSocket {
 public:
  explicit HeldSocket(const std::string& where = "127.0.0.1:0", int type = SOCK_STREAM)
      : fd_(::socket(endpoint_of(where).family(), type | SOCK_CLOEXEC, 0)) {
    const Endpoint wanted = endpoint_of(where);
    if (::bind(fd_.get(), wanted.data(), wanted.size()) != 0) throw std::runtime_error("bind");
    if (type == SOCK_STREAM && ::listen(fd_.get(), 64) != 0) throw std::runtime_error("listen");
  }

  int fd() const { return fd_.get(); }
  Endpoint endpoint() const { return local_endpoint(fd_.get()); }
  Peer connect() const { return Peer::connect(endpoint()); }

 private:
  io::Descriptor fd_;
};

std::string echo_on(const std::string& bind) { return "listeners: [{name: e, bind: " + bind + ", echo: {}}]\n"; }

Process::Options with(std::vector<std::pair<std::string, int>> sockets) {
  Process::Options options;
  options.sockets = std::move(sockets);
  return options;
}

void expect_echo(Peer& client, const std::string& text) {
  client.send_all(text);
  EXPECT_EQ(client.receive_exactly(text.size()), text);
}

TEST(SocketActivation, ServesTheSocketThatWasHandedOver) {
  const HeldSocket web;
  Daemon daemon = Daemon::with_config(echo_on("'fd:web'"), with({{"web", web.fd()}}));
  EXPECT_EQ(daemon.addresses(), std::vector<std::string>{web.endpoint().to_string()});
  Peer client = web.connect();
  expect_echo(client, "hello");
  client.close();
  EXPECT_EQ(daemon.stop(), 0);
}

TEST(SocketActivation, OneNameMayStandForSeveralSockets) {
  const HeldSocket one;
  const HeldSocket other;
  const HeldSocket api;
  Daemon daemon = Daemon::with_config(
      "listeners:\n  - {name: e, bind: ['fd:web', '127.0.0.1:0'], echo: {}}\n"
      "  - {name: up, bind: 'fd:api', echo: {transform: upper}}\n",
      with({{"web", one.fd()}, {"api", api.fd()}, {"web", other.fd()}}));
  for (const HeldSocket* socket : {&one, &other}) {
    Peer client = socket->connect();
    expect_echo(client, "hello");
  }
  Peer client = api.connect();
  EXPECT_EQ(client.exchange("hello").bytes, "HELLO");
  EXPECT_EQ(daemon.addresses("e").size(), 3u);
}

TEST(SocketActivation, WhatIsMissingIsNamedTogetherWithWhatThereIs) {
  const HeldSocket api;
  const HeldSocket admin;
  const TempDir dir;
  const std::string file = dir.write("weir.yaml", echo_on("'fd:web'"));
  const Finished some =
      run("weir", {"run", "-c", file}, with({{"api", api.fd()}, {"admin", admin.fd()}, {"api", admin.fd()}}));
  EXPECT_EQ(some.exit, 1);
  EXPECT_THAT(some.err, HasSubstr("listener e: no socket called web was handed over; handed over: api, admin"));
  const Finished none = run("weir", {"run", "-c", file});
  EXPECT_EQ(none.exit, 1);
  EXPECT_THAT(none.err,
              HasSubstr("no socket called web was handed over; none was: start the daemon through a socket unit"));
}

TEST(SocketActivation, ADatagramSocketIsAnError) {
  const HeldSocket web("127.0.0.1:0", SOCK_DGRAM);
  const TempDir dir;
  const Finished ended =
      run("weir", {"run", "-c", dir.write("weir.yaml", echo_on("'fd:web'"))}, with({{"web", web.fd()}}));
  EXPECT_EQ(ended.exit, 1);
  EXPECT_THAT(ended.err, HasSubstr("listener e: the socket web that was handed over is a datagram socket"));
}

TEST(SocketActivation, ASocketThatNothingAcceptsFromIsAWarning) {
  const HeldSocket web;
  const HeldSocket spare;
  Daemon daemon = Daemon::with_config(echo_on("'fd:web'"), with({{"web", web.fd()}, {"spare", spare.fd()}}));
  EXPECT_THAT(daemon.process().err(), HasSubstr("the socket spare was handed over, but nothing accepts from it"));
}

TEST(SocketActivation, CheckSaysWhatItCannotCheck) {
  const TempDir dir;
  const Finished ended = run("weir", {"check", dir.write("weir.yaml", echo_on("'fd:web'"))});
  EXPECT_EQ(ended.exit, 0);
  EXPECT_THAT(ended.out, HasSubstr("fd:web is handed over by the service manager when the daemon starts"));
}

/// Of each family: who connects while the old process drains, or while none runs, is served by the next one.
class SocketActivationOn : public testing::TestWithParam<const char*> {};

TEST_P(SocketActivationOn, ARestartRefusesNobody) {
  const TempDir dir;
  const std::string path = dir.file("web.sock");
  const bool has_file = *GetParam() == '\0';
  const HeldSocket web(has_file ? "unix:" + path : GetParam());
  std::string yaml = echo_on("'fd:web'") + "drain_timeout: 1h\n";
  Daemon old = Daemon::with_config(yaml, with({{"web", web.fd()}}));
  Peer stays = web.connect();
  expect_echo(stays, "old");
  old.drain();
  old.process().wait_for_error_line("draining");
  std::vector<Peer> waiting;
  for (int i = 0; i < 8; ++i) waiting.push_back(web.connect());
  stays.close();
  // Some may have been accepted before the acceptor heard of the drain. They are the old one's, and are served by it.
  std::size_t served = 0;
  for (Peer& client : waiting) client.send_all("x");
  for (Peer& client : waiting) client.shutdown_write();
  EXPECT_EQ(old.process().wait_exit(), 0);
  EXPECT_EQ(std::filesystem::exists(path), has_file) << "it is not the daemon's to remove";
  waiting.push_back(web.connect());
  waiting.back().send_all("x");
  waiting.back().shutdown_write();
  Daemon next = Daemon::with_config(yaml, with({{"web", web.fd()}}));
  for (Peer& client : waiting) served += client.receive_until_end().bytes == "x" ? 1 : 0;
  EXPECT_EQ(served, waiting.size());
  EXPECT_EQ(next.stop(), 0);
}

INSTANTIATE_TEST_SUITE_P(Families, SocketActivationOn, testing::Values("127.0.0.1:0", "[::1]:0", ""));

TEST(SocketActivation, AListenerThatAReloadBringsBackFindsItsSocketAgain) {
  const HeldSocket web;
  const std::string other = "  - {name: other, bind: '127.0.0.1:0', echo: {}}\n";
  const std::string both = "listeners:\n" + other + "  - {name: e, bind: 'fd:web', echo: {}}\n";
  Daemon daemon = Daemon::with_config(both, with({{"web", web.fd()}}));
  Peer stays = web.connect();
  expect_echo(stays, "before");
  const std::string file = daemon.dir().file("weir.yaml");
  const std::string whole = read_file(file);
  std::string without = whole;
  without.erase(without.find("  - {name: e"), std::string("  - {name: e, bind: 'fd:web', echo: {}}\n").size());
  daemon.dir().write("weir.yaml", without);
  daemon.process().signal(SIGHUP);
  daemon.process().wait_for_error_line("the socket web was handed over, but nothing accepts from it");
  expect_echo(stays, "while it is gone");
  Peer waits = web.connect();
  waits.send_all("hello");
  daemon.dir().write("weir.yaml", whole);
  daemon.process().signal(SIGHUP);
  EXPECT_EQ(waits.receive_exactly(5), "hello");
  expect_echo(stays, "after");
}

TEST(SocketActivation, AReloadKeepsTheSocketOfAListenerThatChanges) {
  const HeldSocket web;
  Daemon daemon = Daemon::with_config(echo_on("'fd:web'"), with({{"web", web.fd()}}));
  Peer stays = web.connect();
  expect_echo(stays, "before");
  std::string text = read_file(daemon.dir().file("weir.yaml"));
  text.replace(text.find("echo: {}"), 8, "echo: {transform: upper}");
  daemon.dir().write("weir.yaml", text);
  const std::size_t sockets = daemon.process().sockets();
  daemon.process().signal(SIGHUP);
  daemon.process().wait_for_error_line("SIGHUP: reloaded");
  expect_echo(stays, "after");
  Peer client = web.connect();
  EXPECT_EQ(client.exchange("hello").bytes, "HELLO");
  client.close();
  EXPECT_TRUE(wait_until([&] { return daemon.process().sockets() == sockets; }));
}

TEST(SocketActivation, TheAdminEndpointMayHaveOne) {
  const HeldSocket admin;
  Daemon daemon =
      Daemon::with_config(echo_on("'127.0.0.1:0'") + "admin: {bind: 'fd:admin'}\n", with({{"admin", admin.fd()}}));
  Peer client = admin.connect();
  client.send_all("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(client.receive_until_end().bytes, HasSubstr("200 OK"));
  EXPECT_THAT(daemon.process().err(), Not(HasSubstr("nothing accepts")));
  daemon.process().signal(SIGHUP);
  daemon.process().wait_for_error_line("reloaded");
  Peer again = admin.connect();
  again.send_all("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(again.receive_until_end().bytes, HasSubstr("200 OK"));
}

}  // namespace
}  // namespace weir::test
