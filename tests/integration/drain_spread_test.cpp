#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/fake_backend.hpp"

/// `drain_spread`: idle connections are closed in order before the rest is cut.
namespace weir::test {
namespace {

constexpr const char* kSpread = "drain_timeout: 3s\ndrain_spread: 3s\n";

void expect_served(Peer& peer) {
  peer.send_all("alive");
  EXPECT_EQ(peer.receive_exactly(5), "alive");
}

void expect_all_closed_in_order(const std::string& config) {
  Daemon daemon = Daemon::with_config(config + kSpread);
  std::vector<Peer> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(daemon.connect());
    expect_served(clients.back());
  }
  daemon.drain();
  for (Peer& client : clients) EXPECT_EQ(client.receive_until_end().ending, Ending::fin);
  EXPECT_EQ(daemon.process().wait_exit(), 0);
  for (const Record& record : daemon.records()) EXPECT_EQ(record.end(), "drained");
  EXPECT_THAT(daemon.process().err(), testing::HasSubstr("drained: 20 connections ended by themselves, 0 were cut"));
  EXPECT_THAT(daemon.process().err(), testing::HasSubstr("20 were idle and closed by drain_spread"));
  EXPECT_THAT(lines_of(daemon.process().err()).back(), testing::HasSubstr("s into the drain end=drained listener="));
}

TEST(DrainSpread, ClosesIdleConnectionsInOrder) { expect_all_closed_in_order(echo_config()); }

TEST(DrainSpread, ClosesThoseToABackendInOrder) {
  FakeBackend backend(echoes());
  expect_all_closed_in_order(proxy_config({backend.address()}));
}

TEST(DrainSpread, LeavesThoseThatAreBusyUntilTheRestIsCut) {
  Daemon daemon = Daemon::with_config(echo_config() + kSpread);
  Peer idle = daemon.connect();
  Peer busy = daemon.connect();
  Peer reads_nothing = daemon.connect({}, {.receive_buffer = 4096});
  expect_served(idle);
  reads_nothing.send_until_stalled(std::string(32 << 20, 'x'));
  daemon.drain();
  EXPECT_THROW(for (;;) expect_served(busy), std::runtime_error);
  EXPECT_EQ(daemon.process().wait_exit(), 0);
  EXPECT_EQ(daemon.wait_for_record(of_client(idle.local_name())).end(), "drained");
  EXPECT_EQ(daemon.wait_for_record(of_client(busy.local_name())).end(), "shutdown");
  EXPECT_EQ(daemon.wait_for_record(of_client(reads_nothing.local_name())).end(), "shutdown");
}

}  // namespace
}  // namespace weir::test
