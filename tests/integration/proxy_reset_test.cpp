#include <gtest/gtest.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/random_bytes.hpp"

/// A RST on one side becomes a RST on the other, after all that came before it.
namespace weir::test {
namespace {

/// Bytes of a socket's send queue that the other end's kernel has not acknowledged.
std::size_t unacknowledged(const Peer& peer) {
  int count = 0;
  if (::ioctl(peer.fd(), SIOCOUTQ, &count) != 0) throw std::runtime_error("SIOCOUTQ");
  return static_cast<std::size_t>(count);
}

/// Sends all that goes without the far end reading, resets, and says how much the daemon's kernel has for certain.
std::size_t fill_and_reset(Peer& peer, const std::string& bytes) {
  const std::size_t sent = peer.send_until_stalled(bytes);
  const std::size_t arrived = sent - unacknowledged(peer);
  peer.reset();
  return arrived;
}

void expect_all_then_reset(const Received& received, const std::string& bytes, std::size_t arrived) {
  EXPECT_EQ(received.ending, Ending::reset);
  EXPECT_GE(received.bytes.size(), arrived);
  EXPECT_EQ(difference(received.bytes, bytes.substr(0, received.bytes.size())), "");
}

class ProxyReset : public testing::Test {
 protected:
  TestListener backend_{loopback(0), 128, 16 << 10};
  Daemon daemon_ = Daemon::with_config(proxy_config({backend_.address()}));
};

TEST_F(ProxyReset, ClientsResetReachesTheBackendAsAReset) {
  for (int i = 0; i < 20; ++i) {
    Peer client = daemon_.connect();
    Peer server = backend_.accept();
    client.send_all("last words");
    EXPECT_TRUE(wait_until([&] { return unacknowledged(client) == 0; }));
    client.reset();
    const Received received = server.receive_until_end();
    EXPECT_EQ(received.bytes, "last words");
    EXPECT_EQ(received.ending, Ending::reset);
  }
  for (const Record& record : daemon_.wait_for_records(20)) {
    EXPECT_EQ(record.end(), "client_reset");
    EXPECT_EQ(record.bytes_in(), 10);
  }
}

TEST_F(ProxyReset, BackendsResetReachesTheClientAsAReset) {
  for (int i = 0; i < 20; ++i) {
    Peer client = daemon_.connect();
    Peer server = backend_.accept();
    server.send_all("last words");
    EXPECT_TRUE(wait_until([&] { return unacknowledged(server) == 0; }));
    server.reset();
    const Received received = client.receive_until_end();
    EXPECT_EQ(received.bytes, "last words");
    EXPECT_EQ(received.ending, Ending::reset);
  }
  for (const Record& record : daemon_.wait_for_records(20)) {
    EXPECT_EQ(record.end(), "server_reset");
    EXPECT_EQ(record.bytes_out(), 10);
  }
}

TEST_F(ProxyReset, ClientsResetWaitsBehindTheMegabytesThatASlowBackendHasYetToRead) {
  Peer client = daemon_.connect();
  Peer server = backend_.accept();
  const std::string bytes = random_bytes(96 << 20);
  const std::size_t arrived = fill_and_reset(client, bytes);
  ASSERT_GT(arrived, 256u << 10);
  server.receive_exactly(1000);
  EXPECT_TRUE(server.readable(kHang)) << "the reset must not overtake";
  Received received = server.receive_until_end();
  expect_all_then_reset(received, bytes.substr(1000), arrived - 1000);
  const Record record = daemon_.wait_for_record();
  EXPECT_EQ(record.end(), "client_reset");
  EXPECT_EQ(record.bytes_lost(), 0);
}

TEST_F(ProxyReset, BackendsResetWaitsBehindTheMegabytesThatASlowClientHasYetToRead) {
  Peer client = daemon_.connect("", {.receive_buffer = 16 << 10});
  Peer server = backend_.accept();
  const std::string bytes = random_bytes(96 << 20);
  const std::size_t arrived = fill_and_reset(server, bytes);
  ASSERT_GT(arrived, 256u << 10);
  client.receive_exactly(1000);
  Received received = client.receive_until_end();
  expect_all_then_reset(received, bytes.substr(1000), arrived - 1000);
  const Record record = daemon_.wait_for_record();
  EXPECT_EQ(record.end(), "server_reset");
  EXPECT_EQ(record.bytes_lost(), 0);
}

TEST_F(ProxyReset, ResetAfterAHalfCloseIsStillAReset) {
  Peer client = daemon_.connect();
  Peer server = backend_.accept();
  client.shutdown_write();
  EXPECT_EQ(server.receive_until_end().ending, Ending::fin);
  server.send_all("part of it");
  EXPECT_EQ(client.receive_exactly(10), "part of it");
  server.reset();
  EXPECT_EQ(client.receive_until_end().ending, Ending::reset);
}

TEST(ProxyResetTimeout, ResetGoesOutAfterTheHalfCloseTimeoutWhenTheOtherSideNeverReads) {
  TestListener backend(loopback(0), 128, 16 << 10);
  Daemon daemon = Daemon::with_config(proxy_config({backend.address()}, "timeouts: {half_close: 300ms}"));
  Peer client = daemon.connect();
  Peer server = backend.accept();
  fill_and_reset(client, random_bytes(96 << 20));
  const Record record = daemon.wait_for_record();
  EXPECT_EQ(record.end(), "client_reset");
  EXPECT_GT(record.bytes_lost(), 0);
  EXPECT_EQ(server.receive_until_end().ending, Ending::reset);
}

TEST(ProxyBackendFailure, BackendThatDiesInTheMiddleOfATransferResetsTheClient) {
  FakeBackend backend(resets_after(1 << 20));
  Daemon daemon = Daemon::with_config(proxy_config({backend.address()}));
  EXPECT_EQ(daemon.connect().exchange(random_bytes(16 << 20)).ending, Ending::reset);
  EXPECT_EQ(daemon.wait_for_record().end(), "server_reset");
}

TEST(ProxyBackendFailure, BackendThatClosesAtOnceGivesTheClientAFin) {
  FakeBackend backend(closes_at_once());
  Daemon daemon = Daemon::with_config(proxy_config({backend.address()}));
  Peer client = daemon.connect();
  EXPECT_EQ(client.receive_until_end().ending, Ending::fin);
  client.close();
  EXPECT_EQ(daemon.wait_for_record().end(), "server_closed");
}

}  // namespace
}  // namespace weir::test
