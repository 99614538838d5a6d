#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <future>
#include <optional>
#include <vector>

#include "tests/support/admin_client.hpp"
#include "tests/support/random_bytes.hpp"
#include "tests/support/stopwatch.hpp"
#include "tests/support/tls_through.hpp"

/// How connections end with TLS on either side: an end is an end, a truncation none, and a reset is a reset.
namespace weir::test {
namespace {

using TlsEnds = TlsThrough;

TEST_P(TlsEnds, ACloseNotifyWithoutAFinIsTheEndOfThatDirectionAlone) {
  start();
  const std::string bytes = random_bytes(2 << 20);
  {
    auto [client, server] = connect();
    if (client.has_tls()) {
      client.tls().send_all("up");
      client.tls().close_notify();
      const TlsReceived up = server.receive_until_end();
      EXPECT_EQ(up.bytes, "up");
      EXPECT_TRUE(in_order(server, up));
      auto sending = std::async(std::launch::async, [&, &server = server] {
        server.send_all(bytes);
        server.finish();
      });
      const TlsReceived down = client.receive_until_end();
      sending.get();
      EXPECT_EQ(difference(down.bytes, bytes), "");
      EXPECT_TRUE(in_order(client, down));
      EXPECT_EQ(daemon->wait_for_record().end(), "client_closed");
    }
  }
  {
    auto [client, server] = connect();
    if (server.has_tls()) {
      server.tls().send_all("down");
      server.tls().close_notify();
      const TlsReceived down = client.receive_until_end();
      EXPECT_EQ(down.bytes, "down");
      EXPECT_TRUE(in_order(client, down));
      auto sending = std::async(std::launch::async, [&, &client = client] {
        client.send_all(bytes);
        client.finish();
      });
      const TlsReceived up = server.receive_until_end();
      sending.get();
      EXPECT_EQ(difference(up.bytes, bytes), "");
      EXPECT_TRUE(in_order(server, up));
      EXPECT_NO_THROW(daemon->wait_for_record(ended_as("server_closed")));
    }
  }
}

TEST_P(TlsEnds, AFinWithoutCloseNotifyIsPassedOnAndNamed) {
  start();
  const std::string bytes = random_bytes(1 << 20);
  {
    auto [client, server] = connect();
    client.send_all("cut short");
    client.socket().shutdown_write();
    const TlsReceived up = server.receive_until_end();
    EXPECT_EQ(up.bytes, "cut short");
    EXPECT_TRUE(in_order(server, up)) << up.problem;
    auto sending = std::async(std::launch::async, [&, &server = server] {
      server.send_all(bytes);
      server.finish();
    });
    const TlsReceived down = client.receive_until_end();
    sending.get();
    EXPECT_EQ(difference(down.bytes, bytes), "") << "the other direction goes on";
    EXPECT_TRUE(in_order(client, down));
    EXPECT_EQ(daemon->wait_for_record().end(), client_tls() ? "client_truncated" : "client_closed");
  }
  auto [client, server] = connect();
  server.send_all("cut short");
  server.socket().shutdown_write();
  const TlsReceived down = client.receive_until_end();
  EXPECT_EQ(down.bytes, "cut short");
  EXPECT_TRUE(in_order(client, down));
  client.send_all("still");
  client.finish();
  EXPECT_EQ(server.receive_until_end().bytes, "still");
  EXPECT_EQ(daemon->wait_for_records(2)[1].end(), backend_tls() ? "server_truncated" : "server_closed");
}

TEST_P(TlsEnds, AFinWithoutCloseNotifyIsAResetWhereTheListenerSaysSo) {
  if (!client_tls()) GTEST_SKIP() << "the listener has no tls";
  start("truncation: reset");
  {
    auto [client, server] = connect();
    client.send_all("cut short");
    client.socket().shutdown_write();
    const TlsReceived up = server.receive_until_end();
    EXPECT_EQ(up.bytes, "cut short") << "what came before it is delivered";
    EXPECT_FALSE(up.close_notify);
    EXPECT_EQ(up.ending, Ending::reset);
    EXPECT_EQ(daemon->wait_for_record().end(), "client_truncated");
  }
  if (!backend_tls()) return;
  auto [client, server] = connect();
  server.send_all("cut short");
  server.socket().shutdown_write();
  const TlsReceived down = client.receive_until_end();
  EXPECT_EQ(down.bytes, "cut short");
  EXPECT_FALSE(down.close_notify);
  EXPECT_EQ(down.ending, Ending::reset);
  EXPECT_NO_THROW(daemon->wait_for_record(ended_as("server_truncated")));
}

TEST_P(TlsEnds, AResetIsAResetWithoutCloseNotify) {
  start();
  {
    auto [client, server] = connect();
    client.send_all("last words");
    EXPECT_EQ(server.receive_exactly(10), "last words");
    client.reset();
    const TlsReceived up = server.receive_until_end();
    EXPECT_FALSE(up.close_notify);
    EXPECT_EQ(up.ending, Ending::reset);
    EXPECT_EQ(daemon->wait_for_record().end(), "client_reset");
  }
  auto [client, server] = connect();
  server.send_all("last words");
  EXPECT_EQ(client.receive_exactly(10), "last words");
  server.reset();
  const TlsReceived down = client.receive_until_end();
  EXPECT_FALSE(down.close_notify);
  EXPECT_EQ(down.ending, Ending::reset);
  EXPECT_NO_THROW(daemon->wait_for_record(ended_as("server_reset")));
}

TEST_P(TlsEnds, ABrokenRecordEndsTheConnectionWithAnAlertToItsSender) {
  start();
  {
    auto [client, server] = connect();
    if (client.has_tls()) {
      std::string record = client.tls().seal("tampered with");
      record.back() = static_cast<char>(record.back() ^ 1);
      client.socket().send_all(record);
      const TlsReceived back = client.receive_until_end();
      EXPECT_FALSE(back.close_notify);
      EXPECT_EQ(client.tls().alert(), "bad_record_mac");
      const TlsReceived up = server.receive_until_end();
      EXPECT_EQ(up.bytes, "");
      EXPECT_EQ(up.ending, Ending::reset);
      EXPECT_EQ(daemon->wait_for_record().end(), "tls_error");
    }
  }
  auto [client, server] = connect();
  if (!server.has_tls()) return;
  std::string record = server.tls().seal("tampered with");
  record.back() = static_cast<char>(record.back() ^ 1);
  server.socket().send_all(record);
  const TlsReceived down = client.receive_until_end();
  EXPECT_EQ(down.bytes, "");
  EXPECT_FALSE(down.close_notify);
  EXPECT_EQ(down.ending, Ending::reset);
  EXPECT_TRUE(wait_until([&] {
    const std::vector<Record> records = daemon->records();
    return std::count_if(records.begin(), records.end(), [](const Record& one) { return one.end() == "tls_error"; }) ==
           (client_tls() ? 2 : 1);
  }));
}

// .NET's clients do so (envoy#41265).
TEST_P(TlsEnds, AResetAfterBothEndsIsClean) {
  start();
  for (int i = 0; i < 20; ++i) {
    auto [client, server] = connect();
    client.send_all("question");
    client.finish();
    EXPECT_EQ(server.receive_until_end().bytes, "question");
    server.send_all("answer");
    server.finish();
    EXPECT_EQ(client.receive_exactly(6), "answer");
    client.reset();
  }
  for (const Record& record : daemon->wait_for_records(20)) {
    // Whether the reset or the end came first is the kernel's matter; no byte was lost either way.
    EXPECT_TRUE(record.end() == "client_closed" || record.end() == "client_reset") << record.line();
    EXPECT_EQ(record.bytes_out(), 6);
    if (record.end() == "client_closed") {
      EXPECT_EQ(record.bytes_lost(), 0);
    }
  }
}

/// A word there and one back, after which nothing is under way.
void talk(Side& client, Side& server) {
  client.send_all("there");
  EXPECT_EQ(server.receive_exactly(5), "there");
  server.send_all("back");
  EXPECT_EQ(client.receive_exactly(4), "back");
}

TEST_P(TlsEnds, ADrainEndsInOrderWhoIsAtRest) {
  daemon.emplace(Daemon::with_config("drain_timeout: 3s\n" + config()));
  auto [client, server] = connect();
  talk(client, server);
  daemon->drain();
  const TlsReceived at_client = client.receive_until_end();
  EXPECT_TRUE(in_order(client, at_client)) << static_cast<int>(at_client.ending) << at_client.problem;
  const TlsReceived at_server = server.receive_until_end();
  EXPECT_TRUE(in_order(server, at_server)) << static_cast<int>(at_server.ending) << at_server.problem;
}

TEST_P(TlsEnds, ACutAmidARecordIsAReset) {
  daemon.emplace(Daemon::with_config("drain_timeout: 1s\n" + config()));
  auto [client, server] = connect();
  talk(client, server);
  TlsPeer& cut = client.has_tls() ? client.tls() : server.tls();
  const std::string record = cut.seal("never whole");
  cut.socket().send_all(record.substr(0, record.size() / 2));
  daemon->drain();
  const TlsReceived at_client = client.receive_until_end();
  EXPECT_EQ(at_client.ending, Ending::reset);
  EXPECT_FALSE(at_client.close_notify);
  EXPECT_EQ(server.receive_until_end().ending, Ending::reset);
  EXPECT_EQ(daemon->wait_for_record().end(), "shutdown");
}

/// Whether a record that comes byte by byte keeps a connection open for three times the limit; then the rest of it is
/// sent. Nothing where this machine slept for so long that the limit may have passed between two bytes.
std::optional<bool> drips(TlsPeer& from, Side& to, std::chrono::milliseconds limit, Stopwatch since_byte) {
  const std::string record = from.seal("slow but sure");
  std::size_t sent = 0;
  for (const Stopwatch since_begin; since_begin.elapsed() < 3 * limit && sent + 1 < record.size(); ++sent) {
    from.socket().send_all(record.substr(sent, 1));
    const bool ended = to.socket().readable(limit / 8);
    if (since_byte.elapsed() > limit / 2) return std::nullopt;
    if (ended) return false;
    since_byte = Stopwatch();
  }
  from.socket().send_all(record.substr(sent));
  return true;
}

TEST_P(TlsEnds, ARecordThatComesByteByByteIsTraffic) {
  for (const int ms : {600, 600, 1200, 4800}) {
    const std::chrono::milliseconds limit(ms);
    start("", "timeouts: {idle: " + std::to_string(ms) + "ms}");
    const Stopwatch since_connect;
    try {
      auto [client, server] = connect();
      talk(client, server);
      Side& to = client.has_tls() ? server : client;
      const std::optional<bool> open = drips(client.has_tls() ? client.tls() : server.tls(), to, limit, since_connect);
      if (!open) continue;
      ASSERT_TRUE(*open);
      EXPECT_EQ(to.receive_exactly(13), "slow but sure");
      return;
    } catch (const std::exception&) {
      if (since_connect.elapsed() < limit / 2) throw;
    }
  }
  FAIL() << "this machine slept for seconds again and again";
}

TEST_P(TlsEnds, TruncationsAreCounted) {
  daemon.emplace(Daemon::with_config("admin: {bind: '127.0.0.1:0'}\n" + config()));
  auto [client, server] = connect();
  client.socket().shutdown_write();
  EXPECT_TRUE(in_order(server, server.receive_until_end()));
  server.socket().shutdown_write();
  EXPECT_TRUE(in_order(client, client.receive_until_end()));
  daemon->wait_for_record();
  EXPECT_TRUE(wait_until([&] {
    double client_side = 0;
    double server_side = 0;
    for (const auto& [series, value] : AdminClient(*daemon).metrics()) {
      if (!series.starts_with("weir_tls_truncated_total{")) continue;
      (series.find("side=\"client\"") != std::string::npos ? client_side : server_side) += value;
    }
    return client_side == (client_tls() ? 1 : 0) && server_side == (backend_tls() ? 1 : 0);
  }));
}

WEIR_TLS_THROUGH(TlsEnds);

}  // namespace
}  // namespace weir::test
