#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/name_server.hpp"

/// Where connections to servers come from.
namespace weir::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string host_of_peer(const Peer& peer) {
  const std::string text = remote_endpoint(peer.fd()).to_string();
  return text.substr(0, text.rfind(':'));
}

TEST(BindSource, ConnectionsComeFromEachAddressInTurn) {
  TestListener backend;
  Daemon daemon = Daemon::with_config(proxy_config({backend.address()}, "", "bind_source: [127.0.0.2, 127.0.0.3]"));
  std::vector<std::string> hosts;
  for (int i = 0; i < 4; ++i) {
    Peer client = daemon.connect();
    Peer server = backend.accept();
    hosts.push_back(host_of_peer(server));
    client.send_all("x");
    EXPECT_EQ(server.receive_exactly(1), "x");
  }
  EXPECT_THAT(hosts, ElementsAre("127.0.0.2", "127.0.0.3", "127.0.0.2", "127.0.0.3"));
}

TEST(BindSource, HealthChecksComeFromThemToo) {
  TestListener backend;
  Daemon daemon = Daemon::with_config(
      proxy_config({backend.address()}, "", "bind_source: [127.0.0.2, 127.0.0.3], health: {interval: 10ms}"));
  std::vector<std::string> hosts;
  for (int i = 0; i < 4; ++i) hosts.push_back(host_of_peer(backend.accept()));
  EXPECT_THAT(hosts, ElementsAre("127.0.0.2", "127.0.0.3", "127.0.0.2", "127.0.0.3"));
}

TEST(BindSource, EachServerHasEachAddressInItsTurn) {
  TestListener one;
  TestListener two;
  Daemon daemon =
      Daemon::with_config(proxy_config({one.address(), two.address()}, "", "bind_source: [127.0.0.2, 127.0.0.3]"));
  for (const std::string from : {"127.0.0.2", "127.0.0.3"}) {
    const Peer first = daemon.connect();
    const Peer second = daemon.connect();
    EXPECT_EQ(host_of_peer(one.accept()), from);
    EXPECT_EQ(host_of_peer(two.accept()), from);
  }
}

TEST(BindSource, AddressesOfANameThatNoneOfThemReachesAreNoServers) {
  TestListener backend;
  NameServer names;
  names.set_addresses("db.test", {"127.0.0.1", "::1"});
  Daemon daemon = Daemon::with_config(
      "dns: {servers: ['" + names.address() + "']}\n" +
      "listeners: [{name: front, bind: '127.0.0.1:0', proxy: {upstream: back}}]\n" +
      "upstreams: [{name: back, servers: [{dns: 'db.test:" + std::to_string(backend.endpoint().port()) +
      "'}], bind_source: 127.0.0.2, connect: {attempts: 1}}]\n");
  for (int i = 0; i < 6; ++i) {
    const Peer client = daemon.connect();
    EXPECT_EQ(host_of_peer(backend.accept()), "127.0.0.2");
  }
}

TEST(BindSource, EachServerIsReachedFromItsOwnFamily) {
  if (!ipv6_available()) GTEST_SKIP() << "this machine has no IPv6";
  TestListener v4;
  TestListener v6(loopback(0, AF_INET6));
  Daemon daemon =
      Daemon::with_config(proxy_config({v4.address(), v6.address()}, "", "bind_source: ['::1', 127.0.0.5]"));
  const Peer first = daemon.connect();
  const Peer second = daemon.connect();
  EXPECT_EQ(host_of_peer(v4.accept()), "127.0.0.5");
  EXPECT_EQ(host_of_peer(v6.accept()), "[::1]");
}

TEST(BindSource, ServerOnAUnixSocketHasNone) {
  const TempDir dir;
  FakeBackend backend(echoes(), Endpoint::unix_path(dir.file("back.sock")));
  Daemon daemon =
      Daemon::with_config(proxy_config({"unix:" + dir.file("back.sock")}, "", "bind_source: 127.0.0.2, health: {}"));
  EXPECT_EQ(daemon.connect().exchange("held level").bytes, "held level");
}

TEST(BindSource, AddressThatThisMachineLacksKeepsTheDaemonFromStarting) {
  const Finished finished = run(
      "weir", {"proxy", "127.0.0.1:0", "127.0.0.1:1", "--set", "upstreams.backend.bind_source=[127.0.0.1, 192.0.2.1]"});
  EXPECT_EQ(finished.exit, 1);
  EXPECT_THAT(finished.err,
              HasSubstr("upstream backend: cannot connect from 192.0.2.1: Cannot assign requested address"));
}

TEST(BindSource, NameWithoutAnAddressOfTheFamilyKeepsTheDaemonFromStarting) {
  if (!ipv6_available()) GTEST_SKIP() << "this machine has no IPv6";
  const Finished finished =
      run("weir", {"proxy", "127.0.0.1:0", "0x7f000001:1", "--set", "upstreams.backend.bind_source=::1"});
  EXPECT_EQ(finished.exit, 1);
  EXPECT_THAT(finished.err,
              HasSubstr("upstream backend: bind_source has no address of the family of backend 0x7f000001:1"));
}

}  // namespace
}  // namespace weir::test
