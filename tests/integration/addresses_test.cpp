#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <set>

#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/fake_backend.hpp"

/// Each kind of BIND and TARGET carries bytes.
namespace weir::test {
namespace {

bool carries(Peer peer) { return peer.exchange("held level").bytes == "held level"; }

TEST(Addresses, ListenerTakesSeveralBindsOfEveryKind) {
  const TempDir dir;
  const std::string abstract = "weir-test-" + dir.path().filename().string();
  Daemon daemon = Daemon::with_config(
      "listeners: [{name: echo, echo: {}, bind: ['127.0.0.1:0', '127.0.0.2:0', '[::1]:0', "
      "'unix:" +
      dir.file("echo.sock") + "', 'unix:@" + abstract + "']}]");
  const std::vector<std::string> addresses = daemon.addresses("echo");
  EXPECT_EQ(addresses.size(), 5u);
  for (const std::string& address : addresses) EXPECT_TRUE(carries(Peer::connect(endpoint_of(address)))) << address;
  EXPECT_EQ(std::set(addresses.begin(), addresses.end()).size(), addresses.size());
}

TEST(Addresses, PortAloneMeansAllAddressesOfBothFamilies) {
  Daemon daemon = Daemon::with_verb({"echo", ":0"});
  EXPECT_TRUE(carries(Peer::connect(loopback(daemon.port()))));
  EXPECT_TRUE(carries(Peer::connect(loopback(daemon.port(), AF_INET6))));
}

TEST(Addresses, BracketedAnyAddressIsIpv6Alone) {
  Daemon daemon = Daemon::with_verb({"echo", "[::]:0"});
  EXPECT_TRUE(carries(Peer::connect(loopback(daemon.port(), AF_INET6))));
  EXPECT_THROW(Peer::connect(loopback(daemon.port())), std::system_error);
}

TEST(Addresses, ProxyReachesUnixAndIpv6BackendsAndNames) {
  const TempDir dir;
  FakeBackend path(echoes(), Endpoint::unix_path(dir.file("back.sock")));
  FakeBackend abstract(echoes(), Endpoint::unix_abstract("weir-test-" + dir.path().filename().string()));
  FakeBackend v6(echoes(), loopback(0, AF_INET6));
  FakeBackend v4(echoes());
  const std::vector<std::string> targets{"unix:" + dir.file("back.sock"),
                                         "unix:@weir-test-" + dir.path().filename().string(), v6.address(),
                                         "localhost:" + std::to_string(v4.endpoint().port())};
  for (const std::string& target : targets) {
    Daemon daemon = Daemon::with_verb({"proxy", "127.0.0.1:0", target});
    EXPECT_TRUE(carries(daemon.connect())) << target;
  }
}

TEST(Addresses, ResetBesideAUnixSocketIsAnEndAndNoByteIsLost) {
  const TempDir dir;
  TestListener backend(Endpoint::unix_path(dir.file("back.sock")));
  Daemon daemon = Daemon::with_verb({"proxy", "127.0.0.1:0", "unix:" + dir.file("back.sock")});
  Peer client = daemon.connect();
  Peer server = backend.accept();
  client.send_all("last words");
  EXPECT_EQ(server.receive_exactly(10), "last words");
  client.reset();
  EXPECT_NE(server.receive_until_end().ending, Ending::silence);
  EXPECT_EQ(daemon.wait_for_record().end(), "client_reset");
}

TEST(Addresses, SocketFileLeftByACrashIsReplacedAndALiveOneIsNot) {
  const TempDir dir;
  const std::string bind = "unix:" + dir.file("echo.sock");
  {
    Daemon crashed = Daemon::with_verb({"echo", bind});
    crashed.process().signal(SIGKILL);
    crashed.process().wait_exit();
  }
  ASSERT_TRUE(std::filesystem::exists(dir.file("echo.sock")));
  Daemon daemon = Daemon::with_verb({"echo", bind});
  EXPECT_TRUE(carries(Peer::connect(endpoint_of(bind))));
  const Finished second = run("weir", {"echo", bind});
  EXPECT_EQ(second.exit, 1);
  EXPECT_NE(second.err.find(bind), std::string::npos) << second.err;
  EXPECT_TRUE(carries(Peer::connect(endpoint_of(bind))));
  EXPECT_EQ(daemon.stop(), 0);
  EXPECT_FALSE(std::filesystem::exists(dir.file("echo.sock")));
}

TEST(Addresses, BytesBehindAPassedDescriptorAreNotForgotten) {
  const TempDir dir;
  TestListener backend;
  Daemon daemon = Daemon::with_verb({"proxy", "unix:" + dir.file("front.sock"), backend.address()});
  Peer client = Peer::connect(Endpoint::unix_path(dir.file("front.sock")));
  char byte = 'a';
  iovec data{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* passed = CMSG_FIRSTHDR(&message);
  passed->cmsg_level = SOL_SOCKET;
  passed->cmsg_type = SCM_RIGHTS;
  passed->cmsg_len = CMSG_LEN(sizeof(int));
  const int fd = client.fd();
  std::memcpy(CMSG_DATA(passed), &fd, sizeof fd);
  ASSERT_EQ(::sendmsg(client.fd(), &message, 0), 1);
  client.send_all("b");
  EXPECT_EQ(backend.accept().receive_exactly(2), "ab");
}

}  // namespace
}  // namespace weir::test
