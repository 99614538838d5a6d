#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <future>
#include <vector>

#include "tests/support/random_bytes.hpp"
#include "tests/support/tls_through.hpp"

/// Bytes through TLS, on either side of the daemon and on both: none is lost, doubled or late.
namespace weir::test {
namespace {

using TlsStream = TlsThrough;

/// Around everything that is a boundary of a record, a buffer or a socket.
std::vector<std::size_t> sizes() {
  std::vector<std::size_t> all{1, 2, 3, 15, 16, 17, 255, 1000, 1024, 1400, 1460, 2900, 4096};
  for (const std::size_t kib : {16, 32, 48, 64, 128, 256}) {
    for (const int more : {-29, -22, -5, -1, 0, 1, 5, 22, 29}) {
      all.push_back(static_cast<std::size_t>(static_cast<int>(kib * 1024) + more));
    }
  }
  return all;
}

TEST_P(TlsStream, CarriesMegabytesBothWaysAtOnceUnchanged) {
  start();
  auto [client, server] = connect();
  const std::string up = random_bytes(8 << 20, 1);
  const std::string down = random_bytes(8 << 20, 2);
  auto at_server = std::async(std::launch::async, [&, &server = server] { return server.exchange(down); });
  const TlsReceived at_client = client.exchange(up);
  const TlsReceived received_up = at_server.get();
  EXPECT_EQ(difference(at_client.bytes, down), "");
  EXPECT_EQ(difference(received_up.bytes, up), "");
  EXPECT_TRUE(in_order(client, at_client)) << at_client.problem;
  EXPECT_TRUE(in_order(server, received_up)) << received_up.problem;
  const Record record = daemon->wait_for_record();
  EXPECT_EQ(record.bytes_in(), 8 << 20) << "plain text is counted";
  EXPECT_EQ(record.bytes_out(), 8 << 20);
  EXPECT_EQ(record.bytes_lost(), 0);
}

TEST_P(TlsStream, CarriesMessagesOfEverySizeBackAndForth) {
  start();
  auto [client, server] = connect();
  std::uint64_t seed = 0;
  for (const std::size_t size : sizes()) {
    const std::string up = random_bytes(size, ++seed);
    const std::string down = random_bytes(size, ++seed);
    client.send_all(up);
    ASSERT_EQ(difference(server.receive_exactly(size), up), "") << size;
    server.send_all(down);
    ASSERT_EQ(difference(client.receive_exactly(size), down), "") << size;
  }
}

TEST_P(TlsStream, CarriesRecordsOfAFewBytes) {
  start();
  auto [client, server] = connect();
  const std::string bytes = random_bytes(60'000);
  auto received =
      std::async(std::launch::async, [&, &server = server] { return server.receive_exactly(bytes.size()); });
  for (std::size_t at = 0, size = 1; at < bytes.size(); at += size, size = 1 + at % 7) {
    size = std::min(size, bytes.size() - at);
    client.send_all(std::string_view(bytes).substr(at, size));
  }
  EXPECT_EQ(difference(received.get(), bytes), "");
}

TEST_P(TlsStream, CarriesARecordThatComesByteByByte) {
  start();
  auto [client, server] = connect();
  for (Side* side : {&client, &server}) {
    if (!side->has_tls()) continue;
    Side& other = side == &client ? server : client;
    const std::string sealed = side->tls().seal("in pieces");
    for (const char byte : sealed) side->socket().send_all({&byte, 1});
    EXPECT_EQ(other.receive_exactly(9), "in pieces");
  }
}

TEST_P(TlsStream, LetsTheBackendSendMegabytesAfterTheClientsEnd) {
  start();
  const std::string answer = random_bytes(4 << 20);
  auto [client, server] = connect();
  client.send_all("question");
  client.finish();
  const TlsReceived question = server.receive_until_end();
  EXPECT_EQ(question.bytes, "question");
  ASSERT_TRUE(in_order(server, question)) << "the backend sees the end while its own direction is open";
  auto sending = std::async(std::launch::async, [&, &server = server] {
    server.send_all(answer);
    server.finish();
  });
  const TlsReceived received = client.receive_until_end();
  sending.get();
  EXPECT_EQ(difference(received.bytes, answer), "");
  EXPECT_TRUE(in_order(client, received)) << received.problem;
  EXPECT_EQ(daemon->wait_for_record().end(), "client_closed");
}

TEST_P(TlsStream, LetsTheClientSendMegabytesAfterTheBackendsEnd) {
  start();
  const std::string upload = random_bytes(4 << 20);
  auto [client, server] = connect();
  server.send_all("goodbye");
  server.finish();
  const TlsReceived goodbye = client.receive_until_end();
  EXPECT_EQ(goodbye.bytes, "goodbye");
  ASSERT_TRUE(in_order(client, goodbye)) << goodbye.problem;
  auto sending = std::async(std::launch::async, [&, &client = client] {
    client.send_all(upload);
    client.finish();
  });
  const TlsReceived received = server.receive_until_end();
  sending.get();
  EXPECT_EQ(difference(received.bytes, upload), "");
  EXPECT_TRUE(in_order(server, received)) << received.problem;
  EXPECT_EQ(daemon->wait_for_record().end(), "server_closed");
}

TEST_P(TlsStream, GoesOnThroughKeyUpdates) {
  if (!is_tls13()) GTEST_SKIP() << "TLS 1.3 has them";
  start();
  auto [client, server] = connect();
  for (int i = 0; i < 40; ++i) {
    const std::string up = random_bytes(20'000, static_cast<std::uint64_t>(2 * i));
    const std::string down = random_bytes(20'000, static_cast<std::uint64_t>(2 * i + 1));
    // Asked for, the daemon changes its own keys before what it sends next.
    if (client.has_tls()) client.tls().update_keys(i % 2 == 0);
    if (server.has_tls()) server.tls().update_keys(i % 3 == 0);
    client.send_all(up);
    server.send_all(down);
    ASSERT_EQ(difference(server.receive_exactly(up.size()), up), "") << i;
    ASSERT_EQ(difference(client.receive_exactly(down.size()), down), "") << i;
  }
}

TEST_P(TlsStream, StopsReadingFromAClientWhoseBackendDoesNotRead) {
  start();
  auto [client, server] = connect({.send_buffer = 64 << 10});
  const std::size_t before = daemon->process().resident();
  const std::string bytes = random_bytes(32 << 20);
  // Sealed first, because what is in the socket must be whole records in the end.
  std::string wire;
  if (client.has_tls()) {
    for (std::size_t at = 0; at < bytes.size(); at += 16'384) {
      wire += client.tls().seal(std::string_view(bytes).substr(at, 16'384));
    }
  } else {
    wire = bytes;
  }
  const std::size_t sent = client.socket().send_until_stalled(wire);
  EXPECT_LT(sent, wire.size()) << "took everything while nothing was read";
  if (!kSanitized) {
    EXPECT_LT(daemon->process().resident(), before + (8 << 20));
  }
  auto received =
      std::async(std::launch::async, [&, &server = server] { return server.receive_exactly(bytes.size()); });
  client.socket().send_all(std::string_view(wire).substr(sent));
  EXPECT_EQ(difference(received.get(), bytes), "");
}

TEST_P(TlsStream, StopsReadingFromABackendWhoseClientDoesNotReadWhileTheOtherDirectionMoves) {
  start();
  auto [client, server] = connect({.receive_buffer = 16 << 10});
  const std::string bytes = random_bytes(32 << 20);
  std::string wire;
  if (server.has_tls()) {
    for (std::size_t at = 0; at < bytes.size(); at += 16'384) {
      wire += server.tls().seal(std::string_view(bytes).substr(at, 16'384));
    }
  } else {
    wire = bytes;
  }
  const std::size_t sent = server.socket().send_until_stalled(wire);
  EXPECT_LT(sent, wire.size()) << "took everything while nothing was read";
  client.send_all("still here");
  EXPECT_EQ(server.receive_exactly(10), "still here");
  auto received =
      std::async(std::launch::async, [&, &client = client] { return client.receive_exactly(bytes.size()); });
  server.socket().send_all(std::string_view(wire).substr(sent));
  EXPECT_EQ(difference(received.get(), bytes), "");
}

WEIR_TLS_THROUGH(TlsStream);

class TlsEcho : public testing::TestWithParam<std::string> {
 protected:
  TlsSite site;
  Daemon daemon = Daemon::with_config(echo_config(site.listener()));

  TlsPeer connect() const { return site.connect(daemon, {.oldest = GetParam(), .newest = GetParam()}); }
};

TEST_P(TlsEcho, SendsMegabytesBackUnchangedWhateverTheSizeOfTheRecords) {
  for (const std::size_t size : {16'384, 16'383, 4096, 1, 31}) {
    const std::string bytes = random_bytes(size < 100 ? 100'000 : 4 << 20, size);
    TlsPeer client = connect();
    const TlsReceived received = client.exchange(bytes, size);
    EXPECT_EQ(difference(received.bytes, bytes), "") << size;
    EXPECT_TRUE(received.close_notify);
    EXPECT_EQ(received.ending, Ending::fin);
  }
  for (const Record& record : daemon.wait_for_records(5)) EXPECT_EQ(record.end(), "client_closed");
}

TEST_P(TlsEcho, SendsBackWhatCameInOneSegmentWithTheEndOfTheHandshake) {
  for (int i = 0; i < 20; ++i) {
    TlsPeer client = TlsPeer::before_handshake(daemon.connect(), TlsRole::client,
                                               site.client({.oldest = GetParam(), .newest = GetParam()}));
    client.socket().send_all(client.client_hello());
    const int on = 1;
    ASSERT_EQ(::setsockopt(client.socket().fd(), IPPROTO_TCP, TCP_CORK, &on, sizeof on), 0);
    client.handshake();
    client.send_all("early bird");
    const int off = 0;
    ASSERT_EQ(::setsockopt(client.socket().fd(), IPPROTO_TCP, TCP_CORK, &off, sizeof off), 0);
    ASSERT_EQ(client.receive_exactly(10), "early bird");
  }
}

TEST_P(TlsEcho, SeesTheEndThatCameInOneSegmentWithTheLastBytes) {
  for (int i = 0; i < 20; ++i) {
    TlsPeer client = connect();
    const std::string last = client.seal("last words");
    ASSERT_EQ(::send(client.socket().fd(), last.data(), last.size(), MSG_MORE), static_cast<ssize_t>(last.size()));
    client.finish();
    const TlsReceived received = client.receive_until_end();
    ASSERT_EQ(received.bytes, "last words");
    ASSERT_TRUE(received.close_notify);
    ASSERT_EQ(received.ending, Ending::fin);
  }
}

TEST_P(TlsEcho, ServesManyAtOnce) {
  std::vector<std::future<std::string>> all;
  for (std::uint64_t i = 0; i < 32; ++i) {
    all.push_back(std::async(std::launch::async, [this, i] {
      const std::string bytes = random_bytes(300'000 + i, i);
      return difference(connect().exchange(bytes).bytes, bytes);
    }));
  }
  for (std::future<std::string>& one : all) EXPECT_EQ(one.get(), "");
}

INSTANTIATE_TEST_SUITE_P(Versions, TlsEcho, testing::Values("TLSv1.2", "TLSv1.3"),
                         [](const auto& version) { return "Tls1" + version.param.substr(6); });

}  // namespace
}  // namespace weir::test
