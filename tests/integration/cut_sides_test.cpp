#include <gtest/gtest.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <optional>
#include <system_error>

#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/random_bytes.hpp"

/// What each side of a proxied connection gets when it is cut, and which bytes are said to be lost.
namespace weir::test {
namespace {

bool all_arrived(const Peer& peer) {
  return wait_until([&] {
    int count = 1;
    return ::ioctl(peer.fd(), SIOCOUTQ, &count) == 0 && count == 0;
  });
}

class CutSides : public testing::Test {
 protected:
  void start(const std::string& timeouts) {
    daemon_.emplace(Daemon::with_config(proxy_config({backend_.address()}, "timeouts: {" + timeouts + "}")));
    client_ = daemon_->connect("", {.receive_buffer = 16 << 10});
    server_ = backend_.accept();
  }

  TestListener backend_{loopback(0), 128, 16 << 10};
  std::optional<Daemon> daemon_;
  Peer client_, server_;
};

TEST_F(CutSides, BothGetAFinWhereAllWasDelivered) {
  start("idle: 400ms");
  client_.send_all("question");
  EXPECT_EQ(server_.receive_exactly(8), "question");
  server_.send_all("answer");
  EXPECT_EQ(client_.receive_exactly(6), "answer");
  EXPECT_EQ(server_.receive_until_end().ending, Ending::fin);
  EXPECT_EQ(client_.receive_until_end().ending, Ending::fin);
  const Record record = daemon_->wait_for_record();
  EXPECT_EQ(record.end(), "idle_timeout");
  EXPECT_EQ(record.bytes_lost(), 0);
}

TEST_F(CutSides, BothGetAResetWhereTheBackendIsOwedBytes) {
  start("idle: 3s");
  client_.send_until_stalled(random_bytes(96 << 20));
  const Record record = daemon_->wait_for_record();
  EXPECT_EQ(record.end(), "idle_timeout");
  EXPECT_GT(record.bytes_lost(), 0);
  EXPECT_EQ(server_.receive_until_end().ending, Ending::reset);
  EXPECT_EQ(client_.receive_until_end().ending, Ending::reset);
}

TEST_F(CutSides, BothGetAResetWhereTheClientIsOwedBytes) {
  start("idle: 3s");
  server_.send_until_stalled(random_bytes(96 << 20));
  const Record record = daemon_->wait_for_record();
  EXPECT_EQ(record.end(), "idle_timeout");
  EXPECT_GT(record.bytes_lost(), 0);
  EXPECT_EQ(server_.receive_until_end().ending, Ending::reset);
  EXPECT_EQ(client_.receive_until_end().ending, Ending::reset);
}

TEST_F(CutSides, WhatASurvivingBackendDidNotGetIsLostToTheByte) {
  start("half_close: 300ms");
  client_.send_until_stalled(random_bytes(96 << 20));
  client_.reset();
  const Record record = daemon_->wait_for_record();
  EXPECT_EQ(record.end(), "client_reset");
  const Received received = server_.receive_until_end();
  EXPECT_EQ(received.ending, Ending::reset);
  EXPECT_GT(record.bytes_lost(), 0);
  EXPECT_EQ(static_cast<std::int64_t>(received.bytes.size()) + record.bytes_lost(), record.bytes_in());
}

TEST_F(CutSides, WhatASurvivingClientDidNotGetIsLostToTheByte) {
  start("half_close: 300ms");
  server_.send_until_stalled(random_bytes(96 << 20));
  server_.reset();
  const Record record = daemon_->wait_for_record();
  EXPECT_EQ(record.end(), "server_reset");
  const Received received = client_.receive_until_end();
  EXPECT_EQ(received.ending, Ending::reset);
  EXPECT_GT(record.bytes_lost(), 0);
  EXPECT_LE(static_cast<std::int64_t>(received.bytes.size()), record.bytes_out());
}

TEST_F(CutSides, AFinBehindThemIsNoByteThatIsLost) {
  start("half_close: 1s");
  client_.send_all(random_bytes(100'000));
  client_.shutdown_write();
  ASSERT_TRUE(all_arrived(client_));
  server_.send_all("x");  // comes back once the proxy has had its turn with the FIN
  client_.receive_exactly(1);
  client_.reset();
  const Record record = daemon_->wait_for_record();
  EXPECT_EQ(record.end(), "client_reset");
  const Received received = server_.receive_until_end();
  EXPECT_EQ(received.ending, Ending::reset);
  EXPECT_EQ(record.bytes_in(), 100'000);
  EXPECT_EQ(static_cast<std::int64_t>(received.bytes.size()) + record.bytes_lost(), record.bytes_in());
}

TEST_F(CutSides, LifetimeEndsTheDeliveryOfTheLastBytesToo) {
  for (const char* lifetime : {"2s", "5s", "20s"}) {
    start(std::string("half_close: 1h, lifetime: ") + lifetime);
    try {
      client_.send_until_stalled(random_bytes(96 << 20));
      client_.reset();
    } catch (const std::system_error&) {
      EXPECT_EQ(daemon_->wait_for_record().end(), "lifetime") << "it came before the queues were full";
      continue;
    }
    const Record record = daemon_->wait_for_record();
    if (record.end() == "lifetime") continue;  // it came before the reset
    EXPECT_EQ(record.end(), "client_reset");
    EXPECT_GT(record.bytes_lost(), 0);
    EXPECT_EQ(server_.receive_until_end().ending, Ending::reset);
    return;
  }
  FAIL() << "20 seconds were too short to fill the queues";
}

TEST_F(CutSides, TheOneThatClosesFirstNamesTheEnd) {
  start("idle: 1h");
  server_.shutdown_write();
  EXPECT_EQ(client_.receive_until_end().ending, Ending::fin);
  client_.send_all("more");
  client_.shutdown_write();
  EXPECT_EQ(server_.receive_until_end().ending, Ending::fin);
  EXPECT_EQ(daemon_->wait_for_record().end(), "server_closed");
}

}  // namespace
}  // namespace weir::test
