#include <gtest/gtest.h>

#include <list>
#include <map>
#include <vector>

#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/dead_ends.hpp"
#include "tests/support/fake_backend.hpp"

/// Which server a connection goes to, seen from the clients; several workers share the choice.
namespace weir::test {
namespace {

/// Servers that greet with A, B, C ….
class Servers {
 public:
  explicit Servers(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      backends_.emplace_back(greets_then_echoes(std::string(1, static_cast<char>('A' + i))));
    }
  }

  /// `{address: '…', OPTIONS}` of one of them.
  std::string server(std::size_t index, const std::string& options = "") const {
    return "{address: '" + std::next(backends_.begin(), static_cast<std::ptrdiff_t>(index))->address() + "'" +
           with(options) + "}";
  }

 private:
  std::list<FakeBackend> backends_;
};

Daemon daemon_of(const std::string& servers, const std::string& upstream_entries) {
  return Daemon::with_config(
      "listeners: [{name: front, bind: '127.0.0.1:0', proxy: {upstream: back}}]\n"
      "upstreams: [{name: back, servers: [" +
      servers + "]" + with(upstream_entries) + "}]\n");
}

/// Connections that are held, and how many each server greeted.
struct Held {
  std::vector<Peer> peers;
  std::vector<std::string> servers;  ///< of each peer
  std::map<std::string, int> counts;
};

Held hold(const Daemon& daemon, int connections) {
  Held held;
  for (int i = 0; i < connections; ++i) {
    held.peers.push_back(daemon.connect());
    held.servers.push_back(held.peers.back().receive_exactly(1));
    ++held.counts[held.servers.back()];
  }
  return held;
}

using Counts = std::map<std::string, int>;

TEST(ProxyBalance, RoundRobinFollowsTheWeights) {
  const Servers servers(3);
  const Daemon daemon = daemon_of(
      servers.server(0, "weight: 1") + "," + servers.server(1, "weight: 2") + "," + servers.server(2, "weight: 3"), "");
  EXPECT_EQ(hold(daemon, 60).counts, (Counts{{"A", 10}, {"B", 20}, {"C", 30}}));
}

TEST(ProxyBalance, LeastConnectionsIsEvenOverAllWorkersAndFillsWhatBecameFree) {
  const Servers servers(3);
  const Daemon daemon =
      daemon_of(servers.server(0) + "," + servers.server(1) + "," + servers.server(2), "balance: least_connections");
  Held held = hold(daemon, 30);
  EXPECT_EQ(held.counts, (Counts{{"A", 10}, {"B", 10}, {"C", 10}}));
  // Those of one server go, so that taking turns would not make it even again.
  std::size_t closed = 0;
  for (std::size_t i = 0; i < held.peers.size(); ++i) {
    if (held.servers[i] != "A") continue;
    held.peers[i].close();
    ++closed;
  }
  daemon.wait_for_records(closed);
  EXPECT_EQ(hold(daemon, 10).counts, (Counts{{"A", 10}}));
}

TEST(ProxyBalance, SourceHashKeepsAClientAtItsServer) {
  const Servers servers(3);
  const Daemon daemon =
      daemon_of(servers.server(0) + "," + servers.server(1) + "," + servers.server(2), "balance: source_hash");
  EXPECT_EQ(hold(daemon, 20).counts.size(), 1u) << "one address, whichever port";
  std::map<std::string, int> sources;
  for (int host = 1; host <= 60; ++host) {
    const Peer::Options options{.source = endpoint_of("127.0.1." + std::to_string(host) + ":0")};
    const std::string first = daemon.connect("", options).receive_exactly(1);
    EXPECT_EQ(daemon.connect("", options).receive_exactly(1), first);
    ++sources[first];
  }
  EXPECT_EQ(sources.size(), 3u);
  for (const auto& [server, count] : sources) EXPECT_GT(count, 2) << server;
}

TEST(ProxyBalance, RandomTwoIsNearlyEven) {
  const Servers servers(3);
  const Daemon daemon =
      daemon_of(servers.server(0) + "," + servers.server(1) + "," + servers.server(2), "balance: random_two");
  const auto held = hold(daemon, 90);
  ASSERT_EQ(held.counts.size(), 3u);
  for (const auto& [server, count] : held.counts) EXPECT_NEAR(count, 30, 6) << server;
}

TEST(ProxyBalance, BackupServesOnlyOnceNoOtherTakesConnections) {
  const Servers servers(1);
  RefusedPort primary;
  const Daemon daemon = daemon_of("{address: '" + primary.address() + "'}," + servers.server(0, "backup: true"),
                                  "connect: {delay: 10ms}, eject: {failures: 3, for: 1h}");
  EXPECT_EQ(hold(daemon, 10).counts, (Counts{{"A", 10}}));
  const TestListener listens = primary.start_listening();
  EXPECT_EQ(hold(daemon, 10).counts, (Counts{{"A", 10}})) << "the first is left out for an hour";
  EXPECT_FALSE(listens.pending());
}

TEST(ProxyBalance, AServerThatFailsIsLeftOutAndTriedAgain) {
  const Servers servers(1);
  RefusedPort failing;
  const Daemon daemon = daemon_of("{address: '" + failing.address() + "'}," + servers.server(0),
                                  "connect: {delay: 10ms}, eject: {failures: 2, for: 200ms}");
  hold(daemon, 20);
  std::size_t retried = 0;
  for (const Record& record : daemon.wait_for_records(20)) retried += record.attempts() > 1 ? 1 : 0;
  EXPECT_LE(retried, 7u) << "two, and one for each time it came back; without leaving it out it were ten";
  EXPECT_GE(retried, 2u);
  TestListener back = failing.start_listening();
  EXPECT_TRUE(wait_until([&] {
    Peer client = daemon.connect();
    return back.pending(std::chrono::milliseconds(20));
  }));
}

}  // namespace
}  // namespace weir::test
