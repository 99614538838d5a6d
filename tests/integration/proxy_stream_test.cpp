#include <gtest/gtest.h>

#include <future>

#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/random_bytes.hpp"
#include "tests/support/stopwatch.hpp"

/// Bytes and FINs through the proxy, each direction on its own.
namespace weir::test {
namespace {

using std::chrono::milliseconds;

TEST(ProxyStream, CarriesMegabytesBothWaysAtOnceUnchanged) {
  TestListener backend;
  Daemon daemon = Daemon::with_config(proxy_config({backend.address()}));
  Peer client = daemon.connect();
  Peer server = backend.accept();
  const std::string up = random_bytes(8 << 20, 1);
  const std::string down = random_bytes(8 << 20, 2);
  auto at_server = std::async(std::launch::async, [&] { return server.exchange(down); });
  const Received at_client = client.exchange(up);
  const Received received_up = at_server.get();
  EXPECT_EQ(difference(at_client.bytes, down), "");
  EXPECT_EQ(difference(received_up.bytes, up), "");
  EXPECT_EQ(at_client.ending, Ending::fin);
  EXPECT_EQ(received_up.ending, Ending::fin);
  const Record record = daemon.wait_for_record();
  EXPECT_EQ(record.bytes_in(), 8 << 20);
  EXPECT_EQ(record.bytes_out(), 8 << 20);
  EXPECT_EQ(record.bytes_lost(), 0);
}

TEST(ProxyStream, CarriesManySmallMessagesBackAndForth) {
  FakeBackend backend(echoes());
  Daemon daemon = Daemon::with_config(proxy_config({backend.address()}));
  Peer client = daemon.connect();
  for (int i = 0; i < 500; ++i) {
    const std::string message = random_bytes(1 + static_cast<std::size_t>(i) * 7 % 3000, static_cast<std::uint64_t>(i));
    client.send_all(message);
    ASSERT_EQ(difference(client.receive_exactly(message.size()), message), "");
  }
}

TEST(ProxyStream, LetsTheBackendSendMegabytesAfterTheClientsFin) {
  const std::string answer = random_bytes(4 << 20);
  TestListener backend;
  Daemon daemon = Daemon::with_config(proxy_config({backend.address()}));
  Peer client = daemon.connect();
  client.send_all("question");
  client.shutdown_write();
  Peer server = backend.accept();
  const Received question = server.receive_until_end();
  EXPECT_EQ(question.bytes, "question");
  ASSERT_EQ(question.ending, Ending::fin) << "the backend sees the FIN while its own direction is open";
  auto sending = std::async(std::launch::async, [&] {
    server.send_all(answer);
    server.shutdown_write();
  });
  const Received received = client.receive_until_end();
  sending.get();
  EXPECT_EQ(difference(received.bytes, answer), "");
  EXPECT_EQ(received.ending, Ending::fin);
  EXPECT_EQ(daemon.wait_for_record().end(), "client_closed");
}

TEST(ProxyStream, LetsTheClientSendMegabytesAfterTheBackendsFin) {
  const std::string upload = random_bytes(4 << 20);
  TestListener backend;
  Daemon daemon = Daemon::with_config(proxy_config({backend.address()}));
  Peer client = daemon.connect();
  Peer server = backend.accept();
  server.send_all("goodbye");
  server.shutdown_write();
  const Received goodbye = client.receive_until_end();
  EXPECT_EQ(goodbye.bytes, "goodbye");
  ASSERT_EQ(goodbye.ending, Ending::fin);
  auto sending = std::async(std::launch::async, [&] {
    client.send_all(upload);
    client.shutdown_write();
  });
  const Received received = server.receive_until_end();
  sending.get();
  EXPECT_EQ(difference(received.bytes, upload), "");
  EXPECT_EQ(received.ending, Ending::fin);
  EXPECT_EQ(daemon.wait_for_record().end(), "server_closed");
}

TEST(ProxyStream, KeepsAHalfClosedConnectionUntilTheTimeoutAndNoByteMoves) {
  TestListener backend;
  Daemon daemon = Daemon::with_config(proxy_config({backend.address()}, "timeouts: {half_close: 1s}"));
  Peer client = daemon.connect();
  Peer server = backend.accept();
  client.shutdown_write();
  Stopwatch since_last_byte;
  EXPECT_EQ(server.receive_until_end().ending, Ending::fin);
  for (int i = 0; i < 4; ++i) {
    EXPECT_FALSE(client.readable(milliseconds(300)));
    since_last_byte = Stopwatch();
    server.send_all("x");
    client.receive_exactly(1);
  }
  EXPECT_NE(client.receive_until_end().ending, Ending::silence);
  EXPECT_GE(since_last_byte.elapsed(), milliseconds(1000));
  EXPECT_EQ(daemon.wait_for_record().end(), "half_close_timeout");
}

TEST(ProxyStream, SeesTheFinThatCameInOneSegmentWithTheLastBytes) {
  TestListener backend;
  Daemon daemon = Daemon::with_config(proxy_config({backend.address()}));
  for (int i = 0; i < 50; ++i) {
    Peer client = daemon.connect();
    Peer server = backend.accept();
    ASSERT_EQ(::send(client.fd(), "question", 8, MSG_MORE), 8);
    client.shutdown_write();
    ASSERT_EQ(server.receive_until_end().bytes, "question");
    ASSERT_EQ(::send(server.fd(), "answer", 6, MSG_MORE), 6);
    server.shutdown_write();
    const Received received = client.receive_until_end();
    ASSERT_EQ(received.bytes, "answer");
    ASSERT_EQ(received.ending, Ending::fin);
  }
}

TEST(ProxyStream, GoesOnAfterUrgentDataInBothDirections) {
  TestListener backend;
  Daemon daemon = Daemon::with_config(proxy_config({backend.address()}));
  Peer client = daemon.connect();
  Peer server = backend.accept();
  for (int i = 0; i < 20; ++i) {
    client.send_all("before");
    client.send_urgent('!');
    client.send_all("after");
    ASSERT_EQ(server.receive_exactly(12), "before!after");
    server.send_all("down");
    server.send_urgent('?');
    server.send_all("wards");
    ASSERT_EQ(client.receive_exactly(10), "down?wards");
  }
}

TEST(ProxyStream, StopsReadingFromAClientWhoseBackendDoesNotRead) {
  TestListener backend(loopback(0), 128, 16 << 10);
  Daemon daemon = Daemon::with_config(proxy_config({backend.address()}));
  Peer client = daemon.connect("", {.send_buffer = 64 << 10});
  Peer server = backend.accept();
  const std::size_t before = daemon.process().resident();
  const std::string bytes = random_bytes(96 << 20);
  const std::size_t sent = client.send_until_stalled(bytes);
  EXPECT_LT(sent, bytes.size()) << "took everything while nothing was read";
  if (!kSanitized) {
    EXPECT_LT(daemon.process().resident(), before + (8 << 20));
  }
  client.shutdown_write();
  const Received received = server.receive_until_end();
  EXPECT_EQ(difference(received.bytes, bytes.substr(0, sent)), "");
  EXPECT_EQ(received.ending, Ending::fin);
}

TEST(ProxyStream, StopsReadingFromABackendWhoseClientDoesNotReadWhileTheOtherDirectionMoves) {
  TestListener backend;
  Daemon daemon = Daemon::with_config(proxy_config({backend.address()}));
  Peer client = daemon.connect("", {.receive_buffer = 16 << 10});
  Peer server = backend.accept();
  const std::size_t before = daemon.process().resident();
  const std::string bytes = random_bytes(96 << 20);
  const std::size_t sent = server.send_until_stalled(bytes);
  EXPECT_LT(sent, bytes.size()) << "took everything while nothing was read";
  if (!kSanitized) {
    EXPECT_LT(daemon.process().resident(), before + (8 << 20));
  }
  client.send_all("still here");
  EXPECT_EQ(server.receive_exactly(10), "still here");
  server.shutdown_write();
  const Received received = client.receive_until_end();
  EXPECT_EQ(difference(received.bytes, bytes.substr(0, sent)), "");
  EXPECT_EQ(received.ending, Ending::fin);
}

}  // namespace
}  // namespace weir::test
