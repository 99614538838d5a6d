#include <gtest/gtest.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <memory>
#include <set>

#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/fake_backend.hpp"

/// Each kind of BIND and TARGET carries bytes.
namespace weir::test {
namespace {

bool carries(Peer peer) { return peer.exchange("held level").bytes == "held level"; }

TEST(Addresses, ListenerTakesSeveralBindsOfEveryKind) {
  if (!ipv6_available()) GTEST_SKIP() << "this machine has no IPv6";
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
  if (!ipv6_available()) GTEST_SKIP() << "this machine has no IPv6";
  Daemon daemon = Daemon::with_verb({"echo", ":0"});
  EXPECT_TRUE(carries(Peer::connect(loopback(daemon.port()))));
  EXPECT_TRUE(carries(Peer::connect(loopback(daemon.port(), AF_INET6))));
}

TEST(Addresses, BracketedAnyAddressIsIpv6Alone) {
  if (!ipv6_available()) GTEST_SKIP() << "this machine has no IPv6";
  Daemon daemon = Daemon::with_verb({"echo", "[::]:0"});
  EXPECT_TRUE(carries(Peer::connect(loopback(daemon.port(), AF_INET6))));
  EXPECT_THROW(Peer::connect(loopback(daemon.port())), std::system_error);
}

TEST(Addresses, ProxyReachesUnixAndIpv6BackendsAndNames) {
  if (!ipv6_available()) GTEST_SKIP() << "this machine has no IPv6";
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

/// The server has the client's end before it answers, and the client the server's.
Leave answers_after_fin(Peer& client) {
  const std::string asked = client.receive_until_end().bytes;
  client.send_all("answer to " + asked);
  return Leave::close;
}

Leave ends_before_it_reads(Peer& client) {
  client.send_all("greeting");
  client.shutdown_write();
  if (client.receive_until_end().bytes != "late words") return Leave::reset;
  return Leave::close;
}

TEST(Addresses, HalfCloseCrossesEveryKindOfSocket) {
  const TempDir dir;
  const std::string name = "weir-test-" + dir.path().filename().string();
  struct Way {
    std::string bind;
    std::string server;
  };
  const std::vector<Way> ways{{"unix:" + dir.file("front"), "127.0.0.1:0"},
                              {"127.0.0.1:0", "unix:" + dir.file("back")},
                              {"unix:@" + name + "-front", "unix:@" + name + "-back"}};
  for (const Way& way : ways) {
    for (const bool client_first : {true, false}) {
      std::filesystem::remove(dir.file("back"));
      FakeBackend backend(client_first ? answers_after_fin : ends_before_it_reads, endpoint_of(way.server));
      Daemon daemon = Daemon::with_verb({"proxy", way.bind, backend.address()});
      Peer client = daemon.connect();
      if (client_first) {
        client.send_all("question");
        client.shutdown_write();
        EXPECT_EQ(client.receive_until_end().bytes, "answer to question") << way.bind << " to " << way.server;
      } else {
        EXPECT_EQ(client.receive_until_end().bytes, "greeting") << way.bind << " to " << way.server;
        client.send_all("late words");
        client.shutdown_write();
      }
      const Record record = daemon.wait_for_record();
      EXPECT_EQ(record.end(), client_first ? "client_closed" : "server_closed") << way.bind << " to " << way.server;
      EXPECT_EQ(record.bytes_lost(), 0);
    }
  }
}

/// A link-local address of this machine with its interface, `fe80::1%eth0`; empty where it has none.
std::string link_local_address() {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return "";
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> guard(list, &::freeifaddrs);
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr || entry->ifa_addr->sa_family != AF_INET6) continue;
    if ((entry->ifa_flags & IFF_UP) == 0) continue;
    if (!IN6_IS_ADDR_LINKLOCAL(&reinterpret_cast<const sockaddr_in6*>(entry->ifa_addr)->sin6_addr)) continue;
    const std::string text = Endpoint(entry->ifa_addr, sizeof(sockaddr_in6)).to_string();  // [fe80::1%eth0]:0
    return text.substr(1, text.rfind(']') - 1);
  }
  return "";
}

TEST(Addresses, LinkLocalAddressesCarryTheirInterface) {
  const std::string host = link_local_address();
  if (host.empty()) GTEST_SKIP() << "this machine has no link-local address";
  TestListener backend(resolve(parse_address("[" + host + "]:0", AddressUse::bind), AddressUse::bind).front());
  Daemon daemon =
      Daemon::with_verb({"proxy", "[" + host + "]:0", backend.address(), "--set",
                         "upstreams.backend.send_proxy_protocol=v1", "--set", "upstreams.backend.bind_source=" + host});
  const Address front = parse_address(daemon.addresses().front(), AddressUse::target);
  EXPECT_EQ(front.host, host);
  Peer client = Peer::connect(resolve(front, AddressUse::target).front());
  Peer server = backend.accept();
  const std::string bare = host.substr(0, host.find('%'));
  const std::string header = "PROXY TCP6 " + bare + " " + bare + " " + std::to_string(client.local_port()) + " " +
                             std::to_string(front.port) + "\r\n";
  EXPECT_EQ(server.receive_exactly(header.size()), header);
  client.send_all("held level");
  EXPECT_EQ(server.receive_exactly(10), "held level");
  const std::string name = client.local_name();
  client.close();
  server.close();
  const Record record = daemon.wait_for_record();
  EXPECT_EQ(record.client(), name);
  EXPECT_EQ(record.text("backend"), backend.address());
}

TEST(Addresses, InterfaceThatIsNotThereKeepsTheDaemonFromStarting) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"echo", "[fe80::1%nope0]:0"}, {"proxy", "127.0.0.1:0", "[fe80::1%nope0]:80"}}) {
    const Finished finished = run("weir", arguments);
    EXPECT_EQ(finished.exit, 1);
    EXPECT_NE(finished.err.find("this machine has no interface nope0"), std::string::npos) << finished.err;
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
