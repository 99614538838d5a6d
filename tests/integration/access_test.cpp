#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/temp_dir.hpp"

/// Who may come in.
namespace weir::test {
namespace {

bool served(const Daemon& daemon, const std::string& listener = "", const Peer::Options& options = {}) {
  Peer peer = daemon.connect(listener, options);
  char byte = 'x';
  return ::send(peer.fd(), &byte, 1, MSG_NOSIGNAL) == 1 && ::recv(peer.fd(), &byte, 1, 0) == 1;
}

TEST(Access, DeniedClientsGetARstAndARecordAndCostNoBackend) {
  FakeBackend backend(echoes());
  const Daemon daemon = Daemon::with_config(proxy_config({backend.address()}, "deny: ['127.0.0.0/8']"));
  Peer client = daemon.connect();
  EXPECT_EQ(client.receive_until_end().ending, Ending::reset);
  const Record record = daemon.wait_for_record();
  EXPECT_EQ(record.end(), "denied");
  EXPECT_EQ(record.attempts(), 0);
  EXPECT_EQ(backend.accepted(), 0u);
}

TEST(Access, AnAllowListRefusesTheRestAndAFileMayHoldIt) {
  const TempDir dir;
  const std::string file = dir.write("allowed", "# nobody here\n192.0.2.0/24\n");
  const Daemon daemon = Daemon::with_config(
      "listeners:\n"
      "  - {name: closed, bind: '127.0.0.1:0', echo: {}, allow_file: '" +
      file +
      "'}\n"
      "  - {name: open, bind: '127.0.0.1:0', echo: {}, allow: 127.0.0.1}\n");
  EXPECT_FALSE(served(daemon, "closed"));
  EXPECT_TRUE(served(daemon, "open"));
}

TEST(Access, ConnectionsOfOneSourceAreLimitedOverAllWorkers) {
  const Daemon daemon = Daemon::with_config(echo_config() + "limits: {per_source: 5}");
  std::vector<Peer> peers;
  int refused = 0;
  for (int i = 0; i < 20; ++i) {
    Peer peer = daemon.connect();
    char byte = 'x';
    if (::send(peer.fd(), &byte, 1, MSG_NOSIGNAL) == 1 && ::recv(peer.fd(), &byte, 1, 0) == 1) {
      peers.push_back(std::move(peer));
    } else {
      ++refused;
    }
  }
  EXPECT_EQ(peers.size(), 5u);
  EXPECT_EQ(refused, 15);
  for (const Record& record : daemon.wait_for_records(15)) EXPECT_EQ(record.end(), "refused_limit");
  peers.clear();
  EXPECT_TRUE(wait_until([&] { return served(daemon); }));
}

TEST(Access, RateOfNewConnectionsIsLimited) {
  Daemon daemon = Daemon::with_config(echo_config("limits: {rate: 3/h}"));
  int count = 0;
  for (int i = 0; i < 10; ++i) count += served(daemon) ? 1 : 0;
  EXPECT_EQ(count, 3);
  int refused = 0;
  for (const Record& record : daemon.wait_for_records(10)) refused += record.end() == "refused_rate" ? 1 : 0;
  EXPECT_EQ(refused, 7);
  EXPECT_EQ(daemon.stop(), 0);
  EXPECT_NE(daemon.process().err().find("listener echo: 10 connections: client_closed=3 refused_rate=7"),
            std::string::npos)
      << daemon.process().err();
}

TEST(Access, RateOfEachSourceIsLimitedByItself) {
  const Daemon daemon = Daemon::with_config(echo_config("limits: {rate_per_source: 2/h}"));
  for (const std::string host : {"127.0.0.1", "127.0.0.2", "127.0.0.3"}) {
    int count = 0;
    for (int i = 0; i < 5; ++i) count += served(daemon, "", {.source = endpoint_of(host + ":0")}) ? 1 : 0;
    EXPECT_EQ(count, 2) << host;
  }
  int refused = 0;
  for (const Record& record : daemon.wait_for_records(15)) refused += record.end() == "refused_rate" ? 1 : 0;
  EXPECT_EQ(refused, 9);
}

TEST(Access, ConnectionsOfASourceAreCountedOverAllListenersWhereTheProcessLimitsThem) {
  const Daemon daemon = Daemon::with_config(
      "limits: {per_source: 2}\n"
      "listeners:\n"
      "  - {name: one, bind: '127.0.0.1:0', echo: {}}\n"
      "  - {name: two, bind: '127.0.0.1:0', echo: {}}\n");
  const Peer::Options other{.source = endpoint_of("127.0.0.2:0")};
  std::vector<Peer> held;
  for (const char* listener : {"one", "two"}) {
    held.push_back(daemon.connect(listener));
    held.back().send_all("x");
    EXPECT_EQ(held.back().receive_exactly(1), "x");
  }
  for (const char* listener : {"one", "two"}) {
    EXPECT_FALSE(served(daemon, listener));
    EXPECT_TRUE(served(daemon, listener, other));
  }
  held.clear();
  EXPECT_TRUE(wait_until([&] { return served(daemon, "two"); }));
}

TEST(Access, ListenersLimitsAreItsOwn) {
  const Daemon daemon = Daemon::with_config(
      "listeners:\n"
      "  - {name: narrow, bind: '127.0.0.1:0', echo: {}, limits: {connections: 1}}\n"
      "  - {name: wide, bind: '127.0.0.1:0', echo: {}}\n");
  Peer first = daemon.connect("narrow");
  first.send_all("x");
  EXPECT_EQ(first.receive_exactly(1), "x");
  EXPECT_FALSE(served(daemon, "narrow"));
  EXPECT_TRUE(served(daemon, "wide"));
}

}  // namespace
}  // namespace weir::test
