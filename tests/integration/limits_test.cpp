#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <vector>

#include "tests/support/admin_client.hpp"
#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/dead_ends.hpp"
#include "tests/support/stopwatch.hpp"

/// What happens when connections or descriptors run out, and that nothing leaks.
namespace weir::test {
namespace {

/// Whether the connection echoes a byte; false when the daemon ended it instead.
bool served(Peer& peer) {
  char byte = 'x';
  return ::send(peer.fd(), &byte, 1, MSG_NOSIGNAL) == 1 && ::recv(peer.fd(), &byte, 1, 0) == 1;
}

bool serves_a_newcomer(const Daemon& daemon) {
  Peer peer = daemon.connect();
  return served(peer);
}

std::size_t count_of(const std::vector<Record>& records, const std::string& end) {
  return static_cast<std::size_t>(std::count_if(records.begin(), records.end(), ended_as(end)));
}

TEST(Limits, ConnectionsOverTheLimitAreRefusedWithARecordWhileTheOthersGoOn) {
  Daemon daemon = Daemon::with_config(echo_config() + "limits: {connections: 3}");
  std::vector<Peer> first;
  for (int i = 0; i < 3; ++i) {
    first.push_back(daemon.connect());
    ASSERT_TRUE(served(first.back()));
  }
  for (int i = 0; i < 5; ++i) {
    Peer newcomer = daemon.connect();
    EXPECT_FALSE(served(newcomer));
  }
  for (const Record& record : daemon.wait_for_records(5)) {
    EXPECT_EQ(record.end(), "refused_limit");
    EXPECT_EQ(record.bytes_in(), 0);
    EXPECT_EQ(record.bytes_out(), 0);
  }
  for (Peer& peer : first) EXPECT_TRUE(served(peer));
  first.pop_back();
  daemon.wait_for_record(ended_as("client_closed"));
  EXPECT_TRUE(wait_until([&] { return serves_a_newcomer(daemon); }));
}

TEST(Limits, SetOnTheCommandLineHoldsForAVerb) {
  Daemon daemon = Daemon::with_verb({"echo", "127.0.0.1:0", "--set", "limits.connections=1"});
  Peer first = daemon.connect();
  ASSERT_TRUE(served(first));
  EXPECT_FALSE(serves_a_newcomer(daemon));
  EXPECT_TRUE(served(first));
}

TEST(Limits, NewcomersAreRefusedWhenDescriptorsRunOutAndServedAgainWhenThereAreSome) {
  const Process::Options few{.environment = {}, .descriptors = 64, .user = {}};
  Daemon daemon = Daemon::with_config(echo_config() + "limits: {connections: 10000}", few);
  const std::string started = daemon.process().err();
  const Stopwatch since_start;
  std::vector<Peer> existing;
  std::size_t refused = 0;
  for (int i = 0; i < 200; ++i) {
    Peer peer = daemon.connect();
    if (served(peer)) {
      existing.push_back(std::move(peer));
    } else {
      ++refused;
    }
  }
  EXPECT_GT(existing.size(), 10u);
  EXPECT_GT(refused, 100u);
  for (Peer& peer : existing) EXPECT_TRUE(served(peer));
  const std::string log = daemon.process().err().substr(started.size());
  static const std::regex complaint("(descriptor|open files)", std::regex::icase);
  const auto complaints =
      std::distance(std::sregex_iterator(log.begin(), log.end(), complaint), std::sregex_iterator());
  EXPECT_GE(complaints, 1) << log;
  EXPECT_LE(std::chrono::seconds(complaints), since_start.elapsed() + std::chrono::seconds(2)) << log;
  existing.clear();
  EXPECT_TRUE(wait_until([&] { return serves_a_newcomer(daemon); }));
  EXPECT_EQ(count_of(daemon.wait_for_records(200), "refused_resources"), refused);
}

TEST(Limits, AdminEndpointServesNewcomersWhileConnectionsUseUpTheDescriptors) {
  const Process::Options few{.environment = {}, .descriptors = 64, .user = {}};
  Daemon daemon = Daemon::with_config(echo_config() + "admin: {bind: '127.0.0.1:0'}\nlimits: {connections: 0}\n", few);
  std::vector<Peer> existing;
  while (existing.size() < 64) {
    existing.push_back(daemon.connect());
    if (!served(existing.back())) break;
  }
  ASSERT_LT(existing.size(), 64u);
  const AdminClient admin(daemon);
  EXPECT_EQ(admin.get("/readyz").status, 200);
  EXPECT_EQ(admin.metric("weir_connections_active{listener=\"echo\"}"), static_cast<double>(existing.size() - 1));
}

TEST(Limits, ProxyWithoutDescriptorsForABackendRefusesAndRecovers) {
  FakeBackend backend(echoes());
  const Process::Options few{.environment = {}, .descriptors = 64, .user = {}};
  Daemon daemon = Daemon::with_config(proxy_config({backend.address()}) + "limits: {connections: 10000}", few);
  std::vector<Peer> existing;
  std::size_t refused = 0;
  for (int i = 0; i < 100; ++i) {
    Peer peer = daemon.connect();
    if (served(peer)) {
      existing.push_back(std::move(peer));
    } else {
      ++refused;
    }
  }
  EXPECT_GT(existing.size(), 5u);
  EXPECT_GT(refused, 50u);
  for (Peer& peer : existing) EXPECT_TRUE(served(peer));
  existing.clear();
  EXPECT_TRUE(wait_until([&] { return serves_a_newcomer(daemon); }));
}

TEST(Limits, NoDescriptorIsLeftBehindByConnectionsHoweverTheyEnd) {
  FakeBackend backend(echoes());
  const RefusedPort refused;
  Daemon daemon = Daemon::with_config(
      "listeners:\n"
      "  - {name: echo, bind: '127.0.0.1:0', echo: {}}\n"
      "  - {name: front, bind: '127.0.0.1:0', proxy: {upstream: back}}\n"
      "  - {name: dead, bind: '127.0.0.1:0', proxy: {upstream: gone}}\n"
      "upstreams:\n"
      "  - {name: back, servers: [{address: '" +
      backend.address() +
      "'}]}\n"
      "  - {name: gone, servers: [{address: '" +
      refused.address() + "'}], connect: {attempts: 1}}\n");
  const auto round = [&daemon] {
    for (int i = 0; i < 100; ++i) {
      for (const char* listener : {"echo", "front", "dead"}) {
        Peer closed = daemon.connect(listener);
        Peer reset = daemon.connect(listener);
        served(closed);
        reset.reset();
      }
    }
  };
  round();  // what is opened once and kept, such as pools, is open after this
  daemon.wait_for_records(600);
  const std::size_t before = daemon.process().descriptors();
  round();
  daemon.wait_for_records(1200);
  EXPECT_TRUE(wait_until([&] { return daemon.process().descriptors() <= before; }))
      << daemon.process().descriptors() << " open, " << before << " before";
}

}  // namespace
}  // namespace weir::test
