#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <string>
#include <vector>

#include "tests/support/configs.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/random_bytes.hpp"
#include "tests/support/tls_site.hpp"

/// Connections that go where their ClientHello asks, with TLS ended here or passed through untouched.
namespace weir::test {
namespace {

class TlsRoutes : public testing::Test {
 protected:
  /// A proxy with these routes to the upstreams `one` and `two`.
  void start(const std::string& routes, const std::string& listener_entries = "", const std::string& rest = "one") {
    daemon.emplace(Daemon::with_config("listeners: [{name: front, bind: '127.0.0.1:0', proxy: {routes: [" + routes +
                                       "]" + (rest.empty() ? "" : ", upstream: " + rest) + "}" +
                                       with(listener_entries) + "}]\nupstreams: [{name: one, servers: [{address: '" +
                                       one.address() + "'}]}, {name: two, servers: [{address: '" + two.address() +
                                       "'}]}]\n"));
  }
  TlsPeer begin(TlsOptions options) const {
    return TlsPeer::before_handshake(daemon->connect(), TlsRole::client, options);
  }
  /// Which backend a connection comes to whose first flight is this hello, which must arrive as it is.
  std::string passed_to(TlsOptions options) {
    TlsPeer client = begin(std::move(options));
    const std::string hello = client.client_hello();
    client.socket().send_all(hello);
    if (!wait_until([&] { return one.pending() || two.pending(); })) return "nobody";
    const bool first = one.pending();
    Peer server = (first ? one : two).accept();
    EXPECT_EQ(difference(server.receive_exactly(hello.size()), hello), "");
    return first ? "one" : "two";
  }

  TlsSite site;
  TestListener one;
  TestListener two;
  std::optional<Daemon> daemon;
};

TEST_F(TlsRoutes, AConnectionIsPassedThroughUntouchedWithoutAnyCertificateHere) {
  start("{names: [backend.test], upstream: two}");
  Peer plain = daemon->connect();
  auto serving = std::async(std::launch::async, [&] {
    TlsPeer server(two.accept(), TlsRole::server, site.backend({.alpn = {"own"}}));
    EXPECT_EQ(server.name(), "backend.test");
    return server.exchange(random_bytes(2 << 20, 2));
  });
  TlsPeer client(std::move(plain), TlsRole::client,
                 site.client({.name = "backend.test", .alpn = {"own"}, .unknown_size = 1216}));
  EXPECT_EQ(client.protocol(), "own");
  const std::string up = random_bytes(2 << 20, 1);
  const TlsReceived down = client.exchange(up);
  EXPECT_EQ(difference(down.bytes, random_bytes(2 << 20, 2)), "");
  EXPECT_TRUE(down.close_notify);
  EXPECT_EQ(difference(serving.get().bytes, up), "");
  const Record record = daemon->wait_for_record();
  EXPECT_THAT(record.end(), testing::AnyOf("client_closed", "server_closed")) << "both end at once";
  EXPECT_GT(record.bytes_in(), 2 << 20) << "with the handshake, which is the backend's";
  EXPECT_EQ(record.json().at("tls").at("sni"), "backend.test");
  EXPECT_TRUE(record.json().at("tls").at("version").is_null());
}

TEST_F(TlsRoutes, TheFirstThatMatchesIsTaken) {
  start(
      "{names: [exact.db.test], upstream: two}, {names: ['*.db.test'], alpn: [h2], upstream: two}, "
      "{names: ['*.db.test', other.test], upstream: one}, {alpn: [acme-tls/1], upstream: two}");
  EXPECT_EQ(passed_to({.name = "exact.db.test"}), "two");
  EXPECT_EQ(passed_to({.name = "Exact.DB.test"}), "two");
  EXPECT_EQ(passed_to({.name = "a.db.test"}), "one");
  EXPECT_EQ(passed_to({.name = "a.db.test", .alpn = {"x", "h2"}}), "two");
  EXPECT_EQ(passed_to({.name = "other.test", .alpn = {"h2"}}), "one");
  EXPECT_EQ(passed_to({.name = "a.b.db.test", .alpn = {"acme-tls/1"}}), "two") << "a star is one label";
  EXPECT_EQ(passed_to({.name = "", .alpn = {"acme-tls/1"}}), "two");
  EXPECT_EQ(passed_to({.name = "unknown.test"}), "one") << "the rest";
  EXPECT_EQ(passed_to({.name = ""}), "one");
}

TEST_F(TlsRoutes, WhoHasNoRouteIsToldByAnAlert) {
  start("{names: [known.test], upstream: two}", "", "");
  TlsPeer client = begin({.name = "unknown.test"});
  EXPECT_EQ(alert_of_refusal(client), "unrecognized_name");
  const Record record = daemon->wait_for_record();
  EXPECT_EQ(record.end(), "no_route");
  EXPECT_EQ(record.json().at("tls").at("sni"), "unknown.test");
  EXPECT_EQ(passed_to({.name = "known.test"}), "two");
}

TEST_F(TlsRoutes, WhatIsNoTlsGoesToTheRest) {
  start("{names: [known.test], upstream: two}");
  Peer client = daemon->connect();
  client.send_all("SELECT 1");
  EXPECT_EQ(one.accept().receive_exactly(8), "SELECT 1");
}

TEST_F(TlsRoutes, OneListenerEndsTlsForSomeNamesAndPassesOthersThrough) {
  start("{names: [backend.test], tls: pass, upstream: two}, {names: [site.test], upstream: one}",
        site.listener("unknown_name: refuse"), "");
  TlsPeer ended(daemon->connect(), TlsRole::client, site.client());
  EXPECT_EQ(ended.peer_name(), "site.test");
  ended.send_all("in the clear");
  EXPECT_EQ(one.accept().receive_exactly(12), "in the clear");
  auto serving = std::async(std::launch::async,
                            [&] { return TlsPeer(two.accept(), TlsRole::server, site.backend()).receive_exactly(5); });
  TlsPeer passed(daemon->connect(), TlsRole::client, site.client({.name = "backend.test"}));
  EXPECT_EQ(passed.peer_name(), "backend.test");
  passed.send_all("inner");
  EXPECT_EQ(serving.get(), "inner");
}

TEST_F(TlsRoutes, AHelloInPiecesIsPutTogetherAndPassedOnInItsPieces) {
  start("{names: [backend.test], upstream: two}");
  for (const std::size_t unknown_size : {0, 1216, 12'000}) {
    TlsPeer client = begin({.name = "backend.test", .unknown_size = unknown_size});
    const std::string hello = client.client_hello();
    for (std::size_t cut = 1; cut < content_size(hello); cut += 1 + content_size(hello) / 25) {
      const std::string cut_hello = cut_into_records(hello, cut);
      Peer peer = daemon->connect();
      peer.send_all(std::string_view(cut_hello).substr(0, cut));
      Peer other = daemon->connect();  // lets the daemon see the pieces apart
      other.send_all(hello);
      EXPECT_EQ(two.accept().receive_exactly(hello.size()), hello);
      peer.send_all(std::string_view(cut_hello).substr(cut));
      ASSERT_EQ(difference(two.accept().receive_exactly(cut_hello.size()), cut_hello), "") << cut;
    }
  }
}

TEST_F(TlsRoutes, BytesBehindTheHelloArePassedOnToo) {
  start("{names: [backend.test], upstream: two}");
  TlsPeer client = begin({.name = "backend.test"});
  const std::string bytes = client.client_hello() + random_bytes(1 << 20);
  auto sending = std::async(std::launch::async, [&] {
    client.socket().send_all(bytes);
    client.socket().shutdown_write();
  });
  EXPECT_EQ(difference(two.accept().receive_until_end().bytes, bytes), "");
  sending.get();
}

TEST_F(TlsRoutes, AHelloThatNeverComesIsWaitedForSoLong) {
  start("{names: [backend.test], upstream: two}", "timeouts: {handshake: 300ms}");
  Peer silent = daemon->connect();
  TlsPeer half = begin({.name = "backend.test"});
  half.socket().send_all(half.client_hello().substr(0, 60));
  EXPECT_NE(silent.receive_until_end().ending, Ending::silence);
  EXPECT_NE(half.socket().receive_until_end().ending, Ending::silence);
  for (const Record& record : daemon->wait_for_records(2)) EXPECT_EQ(record.end(), "tls_handshake_timeout");
}

}  // namespace
}  // namespace weir::test
