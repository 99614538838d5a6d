#include <gtest/gtest.h>

#include <future>
#include <string>

#include "tests/support/configs.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/tls_site.hpp"

/// PostgreSQL's way to TLS (PostgreSQL 17, 55.2.10), byte by byte, on either side of the daemon.
namespace weir::test {
namespace {

const std::string kSslRequest("\0\0\0\x08\x04\xd2\x16\x2f", 8);
const std::string kGssRequest("\0\0\0\x08\x04\xd2\x16\x30", 8);
const std::string kCancel("\0\0\0\x10\x04\xd2\x16\x2e\0\0\x10\x92\x01\x02\x03\x04", 16);
const std::string kStartup("\0\0\0\x14\0\x03\0\0user\0weir\0\0\0", 20);

class TlsPostgres : public testing::Test {
 protected:
  void start(const std::string& tls_entries = "", const std::string& upstream_entries = "",
             const std::string& listener_entries = "") {
    daemon.emplace(Daemon::with_config(proxy_config(
        {backend.address()}, site.listener("starttls: postgres" + with(tls_entries)) + with(listener_entries),
        upstream_entries)));
  }
  /// Only the side of the backends speaks TLS.
  void start_originating() {
    daemon.emplace(Daemon::with_config(
        proxy_config({backend.address()}, "", site.upstream("starttls: postgres") + ", connect: {attempts: 1}")));
  }
  /// Asks for TLS and does the handshake.
  TlsPeer ask() const {
    Peer plain = daemon->connect();
    plain.send_all(kSslRequest);
    EXPECT_EQ(plain.receive_exactly(1), "S");
    return {std::move(plain), TlsRole::client, site.client()};
  }
  void expect_carries(TlsPeer& client) {
    client.send_all(kStartup);
    Peer server = backend.accept();
    EXPECT_EQ(server.receive_exactly(kStartup.size()), kStartup) << "the request is not the backend's";
    server.send_all("R");
    EXPECT_EQ(client.receive_exactly(1), "R");
  }
  /// Plays a backend that says this to SSLRequest.
  Peer answer(const std::string& bytes) {
    Peer server = backend.accept();
    EXPECT_EQ(server.receive_exactly(8), kSslRequest);
    server.send_all(bytes);
    return server;
  }

  TlsSite site;
  TestListener backend;
  std::optional<Daemon> daemon;
};

TEST_F(TlsPostgres, ARequestForTlsIsGranted) {
  start();
  TlsPeer client = ask();
  expect_carries(client);
}

TEST_F(TlsPostgres, ARequestMayComeByteByByte) {
  start();
  Peer plain = daemon->connect();
  for (const char byte : kSslRequest) plain.send_all({&byte, 1});
  EXPECT_EQ(plain.receive_exactly(1), "S");
  TlsPeer client(std::move(plain), TlsRole::client, site.client());
  expect_carries(client);
}

TEST_F(TlsPostgres, GssEncryptionIsDeclinedAndTheNextRequestIsRead) {
  start();
  Peer plain = daemon->connect();
  plain.send_all(kGssRequest);
  EXPECT_EQ(plain.receive_exactly(1), "N");
  plain.send_all(kSslRequest);
  EXPECT_EQ(plain.receive_exactly(1), "S");
  TlsPeer client(std::move(plain), TlsRole::client, site.client());
  expect_carries(client);
}

TEST_F(TlsPostgres, EndlessRequestsEndWithTheirTime) {
  start("", "", "timeouts: {handshake: 500ms}");
  Peer plain = daemon->connect();
  const std::string address = plain.local_name();
  try {
    for (int i = 0; i < 1'000'000; ++i) {
      plain.send_all(kGssRequest);
      if (plain.receive_exactly(1) != "N") break;
    }
  } catch (const std::exception&) {
  }
  const std::string end = daemon->wait_for_record(of_client(address)).end();
  EXPECT_TRUE(end == "tls_handshake_timeout" || end == "tls_not_tls") << end;
}

// CVE-2021-23222: what comes in the clear behind the request must not count as if it had come encrypted.
TEST_F(TlsPostgres, BytesBehindARequestAreRefused) {
  start();
  for (const std::string& request : {kSslRequest, kGssRequest}) {
    Peer plain = daemon->connect();
    const std::string address = plain.local_name();
    plain.send_all(request + kStartup);
    const Received received = plain.receive_until_end();
    EXPECT_EQ(received.bytes, "");
    EXPECT_NE(received.ending, Ending::silence);
    EXPECT_EQ(daemon->wait_for_record(of_client(address)).end(), "tls_not_tls");
  }
  EXPECT_FALSE(backend.pending());
}

TEST_F(TlsPostgres, DirectTlsIsKnownByItsFirstByteAndItsProtocolAgreedOn) {
  start();
  TlsPeer client(daemon->connect(), TlsRole::client, site.client({.alpn = {"postgresql"}}));
  EXPECT_EQ(client.protocol(), "postgresql");
  expect_carries(client);
  TlsPeer other(daemon->connect(), TlsRole::client, site.client());
  EXPECT_EQ(other.protocol(), "") << "which fails nobody who does not ask for it";
  expect_carries(other);
}

TEST_F(TlsPostgres, ASessionInTheClearIsRefusedWithAnErrorThatUsersSee) {
  start();
  Peer plain = daemon->connect();
  const std::string address = plain.local_name();
  plain.send_all(kStartup);
  const Received received = plain.receive_until_end();
  EXPECT_TRUE(received.bytes.starts_with("E")) << received.bytes;
  EXPECT_NE(received.bytes.find("FATAL"), std::string::npos);
  EXPECT_EQ(received.ending, Ending::fin);
  EXPECT_EQ(daemon->wait_for_record(of_client(address)).end(), "tls_not_tls");
  Peer cancel = daemon->connect();
  cancel.send_all(kCancel);
  EXPECT_NE(cancel.receive_until_end().ending, Ending::silence) << "it hangs nobody";
  EXPECT_FALSE(backend.pending());
}

TEST_F(TlsPostgres, ASessionInTheClearIsServedWhereThatIsAllowed) {
  start("plaintext: allow");
  for (const std::string& first : {kStartup, kCancel}) {
    Peer plain = daemon->connect();
    plain.send_all(first);
    Peer server = backend.accept();
    EXPECT_EQ(server.receive_exactly(first.size()), first);
    server.send_all("R");
    EXPECT_EQ(plain.receive_exactly(1), "R");
  }
  // As sslmode=prefer comes.
  TlsPeer client = ask();
  expect_carries(client);
}

TEST_F(TlsPostgres, WhatIsNoPostgresIsRefused) {
  start();
  Peer plain = daemon->connect();
  plain.send_all("GET / HTTP/1.1\r\n\r\n");
  EXPECT_NE(plain.receive_until_end().ending, Ending::silence);
  EXPECT_EQ(daemon->wait_for_record().end(), "tls_not_tls");
}

TEST_F(TlsPostgres, ABackendIsAskedForTlsFirst) {
  start_originating();
  Peer client = daemon->connect();
  client.send_all(kStartup);
  TlsPeer server(answer("S"), TlsRole::server, site.backend());
  EXPECT_EQ(server.name(), "backend.test");
  EXPECT_EQ(server.receive_exactly(kStartup.size()), kStartup);
  server.send_all("R");
  EXPECT_EQ(client.receive_exactly(1), "R");
}

TEST_F(TlsPostgres, BothSidesAreAskedEachInItsWay) {
  start("", site.upstream("starttls: postgres"));
  TlsPeer client = ask();
  client.send_all(kStartup);
  TlsPeer server(answer("S"), TlsRole::server, site.backend());
  EXPECT_EQ(server.receive_exactly(kStartup.size()), kStartup);
  server.send_all("R");
  EXPECT_EQ(client.receive_exactly(1), "R");
}

TEST_F(TlsPostgres, ABackendThatSpeaksNoTlsIsNamed) {
  start_originating();
  Peer client = daemon->connect();
  client.send_all(kStartup);
  const Peer server = answer("N");
  EXPECT_NE(client.receive_until_end().ending, Ending::silence);
  EXPECT_EQ(daemon->wait_for_record().end(), "server_tls_refused");
}

TEST_F(TlsPostgres, ABackendThatSaysMoreThanItsAnswerIsNotTrusted) {
  start_originating();
  for (const char* bytes : {"Smore", "E", ""}) {
    Peer client = daemon->connect();
    const std::string address = client.local_name();
    client.send_all(kStartup);
    Peer server = answer(bytes);
    if (*bytes == '\0') server.shutdown_write();
    EXPECT_NE(client.receive_until_end().ending, Ending::silence);
    EXPECT_EQ(daemon->wait_for_record(of_client(address)).end(), "server_tls_failed") << bytes;
  }
}

TEST_F(TlsPostgres, TheNameInTheHelloBehindTheRequestChoosesTheUpstream) {
  TestListener other;
  daemon.emplace(Daemon::with_config(
      "listeners: [{name: front, bind: '127.0.0.1:0', " + site.listener("starttls: postgres") +
      ", proxy: {routes: [{names: [other.test], upstream: other}], upstream: back}}]\n"
      "upstreams: [{name: back, servers: [{address: '" +
      backend.address() + "'}]}, {name: other, servers: [{address: '" + other.address() + "'}]}]\n"));
  Peer plain = daemon->connect();
  plain.send_all(kSslRequest);
  EXPECT_EQ(plain.receive_exactly(1), "S");
  TlsPeer client(std::move(plain), TlsRole::client, {.name = "other.test"});
  client.send_all(kStartup);
  EXPECT_EQ(other.accept().receive_exactly(kStartup.size()), kStartup);
  TlsPeer rest = ask();
  expect_carries(rest);
}

TEST_F(TlsPostgres, WhatPassesUntouchedIsAskedForAtItsBackendToo) {
  daemon.emplace(
      Daemon::with_config("listeners: [{name: front, bind: '127.0.0.1:0', " + site.listener("starttls: postgres") +
                          ", proxy: {routes: [{names: [backend.test], tls: pass, upstream: back}], upstream: back}}]\n"
                          "upstreams: [{name: back, servers: [{address: '" +
                          backend.address() + "'}]}]\n"));
  Peer plain = daemon->connect();
  plain.send_all(kSslRequest);
  EXPECT_EQ(plain.receive_exactly(1), "S");
  TlsPeer client = TlsPeer::before_handshake(std::move(plain), TlsRole::client, {.name = "backend.test"});
  const std::string hello = client.client_hello();
  client.socket().send_all(hello);
  Peer server = answer("S");
  EXPECT_EQ(server.receive_exactly(hello.size()), hello);
}

TEST_F(TlsPostgres, WhoWasGrantedTlsSpeaksItWhateverElseIsAllowed) {
  start("plaintext: allow");
  for (const std::string& next : {kStartup, kSslRequest}) {
    Peer plain = daemon->connect();
    const std::string address = plain.local_name();
    plain.send_all(kSslRequest);
    EXPECT_EQ(plain.receive_exactly(1), "S");
    plain.send_all(next);
    EXPECT_NE(plain.receive_until_end().ending, Ending::silence);
    EXPECT_EQ(daemon->wait_for_record(of_client(address)).end(), "tls_not_tls");
  }
}

}  // namespace
}  // namespace weir::test
