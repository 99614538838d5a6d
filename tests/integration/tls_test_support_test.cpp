#include <gtest/gtest.h>

#include <future>

#include "tests/support/fake_backend.hpp"
#include "tests/support/random_bytes.hpp"
#include "tests/support/tls_site.hpp"

/// What the other tests of TLS lean on: both ends are the tests' own here.
namespace weir::test {
namespace {

class TlsTestSupport : public testing::TestWithParam<std::string> {
 protected:
  TlsOptions with_version(TlsOptions options) const {
    options.oldest = options.newest = GetParam();
    return options;
  }
  /// A server's end and a client's, connected.
  std::pair<TlsPeer, TlsPeer> connect(const TlsOptions& server, const TlsOptions& client) {
    Peer at_client = Peer::connect(listener.endpoint());
    Peer at_server = listener.accept();
    auto serving = std::async(std::launch::async,
                              [&] { return TlsPeer(std::move(at_server), TlsRole::server, with_version(server)); });
    TlsPeer connected(std::move(at_client), TlsRole::client, with_version(client));
    return {serving.get(), std::move(connected)};
  }

  TlsSite site;
  TestListener listener;
};

TEST_P(TlsTestSupport, SidesAgreeAndMoveMegabytesBothWays) {
  auto [server, client] =
      connect(site.backend({.alpn = {"two"}}), site.client({.name = "backend.test", .alpn = {"one", "two"}}));
  EXPECT_EQ(client.version(), GetParam());
  EXPECT_EQ(client.protocol(), "two");
  EXPECT_EQ(server.protocol(), "two");
  EXPECT_EQ(server.name(), "backend.test");
  EXPECT_EQ(client.peer_name(), "backend.test");
  EXPECT_EQ(client.peer_key_kind(), "EC");
  const std::string up = random_bytes(4 << 20, 1);
  const std::string down = random_bytes(4 << 20, 2);
  auto at_server = std::async(std::launch::async, [&, &server = server] { return server.exchange(down); });
  const TlsReceived at_client = client.exchange(up, 3000);
  const TlsReceived received = at_server.get();
  EXPECT_EQ(difference(received.bytes, up), "");
  EXPECT_EQ(difference(at_client.bytes, down), "");
  EXPECT_TRUE(received.close_notify);
  EXPECT_TRUE(at_client.close_notify);
  EXPECT_EQ(received.ending, Ending::fin);
  EXPECT_EQ(at_client.ending, Ending::fin);
}

TEST_P(TlsTestSupport, EndsAreToldApart) {
  {
    auto [server, client] = connect(site.backend(), site.client({.name = "backend.test"}));
    server.fin();
    const TlsReceived cut = client.receive_until_end();
    EXPECT_FALSE(cut.close_notify);
    EXPECT_EQ(cut.ending, Ending::fin);
  }
  {
    auto [server, client] = connect(site.backend(), site.client({.name = "backend.test"}));
    server.close_notify();
    EXPECT_TRUE(client.receive_until_close_notify().close_notify);
    EXPECT_FALSE(client.socket().readable()) << "no FIN";
    server.reset();
    EXPECT_EQ(client.receive_until_end().ending, Ending::reset);
  }
}

TEST_P(TlsTestSupport, AnUntrustedServerIsToldByAnAlert) {
  Peer at_client = Peer::connect(listener.endpoint());
  Peer at_server = listener.accept();
  auto serving = std::async(std::launch::async, [&] {
    TlsPeer server = TlsPeer::before_handshake(std::move(at_server), TlsRole::server, with_version(site.backend()));
    return server.try_handshake() ? "" : server.alert();
  });
  TlsPeer client =
      TlsPeer::before_handshake(std::move(at_client), TlsRole::client,
                                with_version({.trusted = Authority().certificate(), .name = "backend.test"}));
  EXPECT_FALSE(client.try_handshake());
  EXPECT_EQ(client.sent_alert(), "unknown_ca");
  EXPECT_EQ(serving.get(), "unknown_ca");
}

TEST_P(TlsTestSupport, CutHellosAreTheSameHello) {
  Peer at_client = Peer::connect(listener.endpoint());
  Peer at_server = listener.accept();
  auto serving = std::async(std::launch::async, [&] {
    return TlsPeer(std::move(at_server), TlsRole::server, with_version(site.backend())).name();
  });
  TlsPeer client = TlsPeer::before_handshake(std::move(at_client), TlsRole::client,
                                             with_version(site.client({.name = "backend.test", .unknown_size = 1216})));
  const std::string hello = client.client_hello();
  EXPECT_GT(hello.size(), 1216u);
  EXPECT_EQ(content_size(hello) + 5, hello.size());
  client.socket().send_all(cut_into_records(hello, 40));
  client.handshake();
  EXPECT_EQ(serving.get(), "backend.test");
}

INSTANTIATE_TEST_SUITE_P(Versions, TlsTestSupport, testing::Values("TLSv1.2", "TLSv1.3"),
                         [](const auto& version) { return "Tls1" + version.param.substr(6); });

}  // namespace
}  // namespace weir::test
