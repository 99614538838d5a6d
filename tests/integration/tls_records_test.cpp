#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/value.hpp>
#include <ctime>
#include <span>
#include <string>

#include "common/proxy_protocol.hpp"
#include "common/proxy_tlvs.hpp"
#include "tests/support/admin_client.hpp"
#include "tests/support/configs.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/tls_site.hpp"

/// What is said of a connection's TLS: in its record, in metrics, and to its backend.
namespace weir::test {
namespace {

using testing::HasSubstr;

/// The bytes of a PROXY header of version 2, read from a connection.
ProxyHeader receive_header(Peer& server) {
  std::string bytes = server.receive_exactly(16);
  const auto size =
      static_cast<std::size_t>(static_cast<unsigned char>(bytes[14])) * 256 + static_cast<unsigned char>(bytes[15]);
  bytes += server.receive_exactly(size);
  const ProxyHeaderParse parse = parse_proxy_header(std::as_bytes(std::span(bytes)));
  EXPECT_EQ(parse.status, ProxyHeaderParse::Status::complete) << parse.problem;
  return parse.header;
}

class TlsRecords : public testing::Test {
 protected:
  std::string clients_ca() const { return site.dir().write("clients.pem", clients.certificate()); }
  std::string verifying(const std::string& verify) const {
    return site.listener("alpn: [h2], client_certificates: {verify: " + verify + ", ca: " + clients_ca() + "}");
  }

  TlsSite site;
  Authority clients{"clients' authority"};
  std::optional<Daemon> daemon;
};

TEST_F(TlsRecords, ARecordSaysWhatWasAgreedOn) {
  daemon.emplace(Daemon::with_config(echo_config(verifying("required"))));
  TlsPeer client = site.connect(*daemon, {.certificate = clients.client("alice"), .alpn = {"h2"}});
  EXPECT_EQ(client.exchange("x").bytes, "x");
  const Record record = daemon->wait_for_record();
  const boost::json::object& tls = record.json().at("tls").as_object();
  EXPECT_EQ(tls.at("sni"), "site.test");
  EXPECT_EQ(tls.at("alpn"), "h2");
  EXPECT_EQ(tls.at("version"), "TLSv1.3");
  EXPECT_EQ(tls.at("cipher"), client.cipher().c_str());
  EXPECT_EQ(tls.at("resumed"), false);
  EXPECT_EQ(tls.at("client_cn"), "alice");
  EXPECT_TRUE(tls.at("alert").is_null()) << record.line();
  EXPECT_GT(tls.at("handshake_ms").to_number<double>(), 0);
  EXPECT_LT(tls.at("handshake_ms").to_number<double>(), 20'000);
}

TEST_F(TlsRecords, ARecordHasNoneOfAPlainConnection) {
  daemon.emplace(Daemon::with_config(echo_config()));
  EXPECT_EQ(daemon->connect().exchange("x").bytes, "x");
  EXPECT_EQ(daemon->wait_for_record().line().find("\"tls\":{"), std::string::npos);
}

TEST_F(TlsRecords, ATextRecordHasThemByName) {
  const std::string log = site.dir().file("text.log");
  daemon.emplace(Daemon::with_config(echo_config(site.listener()) + "access_log: {format: text, file: " + log + "}\n"));
  EXPECT_EQ(site.connect(*daemon).exchange("x").bytes, "x");
  EXPECT_TRUE(wait_until([&] { return read_file(log).find('\n') != std::string::npos; }));
  EXPECT_THAT(read_file(log), testing::AllOf(HasSubstr("tls_sni=site.test"), HasSubstr("tls_version=TLSv1.3"),
                                             HasSubstr("tls_resumed=false"), HasSubstr("tls_alert=-")));
}

TEST_F(TlsRecords, AStrangeNameBreaksNoLine) {
  daemon.emplace(Daemon::with_config(echo_config(site.listener())));
  TlsPeer client = TlsPeer::before_handshake(daemon->connect(), TlsRole::client, {.name = "a\"b\\c\n d"});
  static_cast<void>(alert_of_refusal(client));
  client.close();
  daemon->wait_for_record();  // which is parsed as JSON
  EXPECT_EQ(daemon->records().size(), 1u);
}

TEST_F(TlsRecords, HandshakesAreCountedByWhatBecameOfThem) {
  daemon.emplace(
      Daemon::with_config("admin: {bind: '127.0.0.1:0'}\n" +
                          echo_config(site.listener("unknown_name: refuse") + ", timeouts: {handshake: 2s}")));
  const AdminClient admin(*daemon);
  const auto count = [&](const std::string& result, const std::string& more = "") {
    double all = 0;
    for (const auto& [series, value] : admin.metrics()) {
      if (series.starts_with("weir_tls_handshakes_total{") && series.find("\"" + result + "\"") != std::string::npos &&
          series.find(more) != std::string::npos) {
        all += value;
      }
    }
    return all;
  };
  EXPECT_EQ(site.connect(*daemon).exchange("x").bytes, "x");
  EXPECT_EQ(site.connect(*daemon, {.newest = "TLSv1.2"}).exchange("x").bytes, "x");
  Peer plain = daemon->connect();
  plain.send_all("GET / HTTP/1.1\r\n\r\n");
  plain.receive_until_end();
  TlsPeer unknown = TlsPeer::before_handshake(daemon->connect(), TlsRole::client, {.name = "unknown.test"});
  alert_of_refusal(unknown);
  unknown.close();
  daemon->connect().receive_until_end();  // its time passes
  daemon->wait_for_records(5);
  EXPECT_EQ(count("abandoned"), 0);
  // Those who leave: within the hello, and once it was answered.
  const std::string hello =
      TlsPeer::before_handshake(daemon->connect(), TlsRole::client, {.name = "site.test"}).client_hello();
  for (const std::size_t size : {hello.size() / 2, hello.size()}) {
    Peer leaver = daemon->connect();
    leaver.send_all(hello.substr(0, size));
    if (size == hello.size()) leaver.receive_exactly(5);
    leaver.shutdown_write();
    leaver.receive_until_end();
  }
  daemon->wait_for_records(8);  // with the one whose hello was lent
  EXPECT_EQ(count("abandoned"), 2);
  EXPECT_EQ(count("failed"), 0);
  EXPECT_EQ(count("done", "TLSv1.3"), 1);
  EXPECT_EQ(count("done", "TLSv1.2"), 1);
  EXPECT_EQ(count("not_tls"), 1);
  EXPECT_EQ(count("unknown_name"), 1);
  EXPECT_EQ(count("timeout"), 1);
  EXPECT_EQ(admin.metric("weir_tls_handshakes_in_progress{listener=\"echo\"}"), 0);
  EXPECT_EQ(admin.metric("weir_tls_handshake_seconds_count{listener=\"echo\"}"), 2);
  const auto metrics = admin.metrics();
  const auto expiry = std::find_if(metrics.begin(), metrics.end(), [](const auto& series) {
    return series.first.starts_with("weir_tls_certificate_expiry_seconds{");
  });
  ASSERT_NE(expiry, metrics.end());
  EXPECT_THAT(expiry->first, HasSubstr("site.test"));
  EXPECT_NEAR(expiry->second, static_cast<double>(::time(nullptr)) + 3600, 600);
}

class TlsTlvs : public TlsRecords {
 protected:
  void start(const std::string& listener_tls, const std::string& upstream_tls = "", const std::string& more = "") {
    daemon.emplace(Daemon::with_config(
        proxy_config({backend.address()}, listener_tls + with(more),
                     "send_proxy_protocol: v2, proxy_tlvs: [authority, alpn, ssl, certificate]" + with(upstream_tls))));
  }

  TestListener backend;
};

TEST_F(TlsTlvs, ABackendIsToldOfTheClientsTls) {
  start(verifying("required"));
  TlsPeer client = site.connect(*daemon, {.certificate = clients.client("alice"), .alpn = {"h2"}, .groups = "X25519"});
  Peer server = backend.accept();
  const std::optional<ProxiedTls> told = read_tls_tlvs(receive_header(server).tlvs);
  ASSERT_TRUE(told);
  EXPECT_EQ(told->authority, "site.test");
  EXPECT_EQ(told->alpn, "h2");
  EXPECT_TRUE(told->terminated);
  EXPECT_TRUE(told->shown_on_connection);
  EXPECT_EQ(told->verify, 0u);
  EXPECT_EQ(told->version, "TLSv1.3");
  EXPECT_EQ(told->common_name, "alice");
  EXPECT_EQ(told->cipher, client.cipher());
  EXPECT_EQ(told->key_algorithm, "EC256");
  EXPECT_THAT(told->group, testing::StrCaseEq("x25519"));
  EXPECT_TRUE(told->certificate.starts_with("\x30")) << "DER";
  client.send_all("behind it");
  EXPECT_EQ(server.receive_exactly(9), "behind it");
}

TEST_F(TlsTlvs, OneWhoShowedNoneIsNotVerified) {
  start(verifying("optional"));
  TlsPeer client = site.connect(*daemon);
  Peer server = backend.accept();
  const std::optional<ProxiedTls> told = read_tls_tlvs(receive_header(server).tlvs);
  ASSERT_TRUE(told);
  EXPECT_TRUE(told->terminated);
  EXPECT_FALSE(told->shown_on_connection);
  EXPECT_FALSE(told->shown_in_session);
  EXPECT_NE(told->verify, 0u);
  EXPECT_EQ(told->certificate, "");
}

TEST_F(TlsTlvs, OneWhoComesBackIsToldFromOneWhoShowsItNow) {
  start(verifying("required"));
  const Certificate alice = clients.client("alice");
  std::string session;
  for (const bool first : {true, false}) {
    TlsPeer client = site.connect(*daemon, {.certificate = alice, .session = session});
    EXPECT_EQ(client.resumed(), !first);
    Peer server = backend.accept();
    const std::optional<ProxiedTls> told = read_tls_tlvs(receive_header(server).tlvs);
    ASSERT_TRUE(told);
    EXPECT_EQ(told->shown_on_connection, first);
    EXPECT_TRUE(told->shown_in_session);
    EXPECT_EQ(told->verify, 0u);
    EXPECT_EQ(told->common_name, "alice");
    server.send_all("x");
    client.receive_exactly(1);
    session = client.session();
    ASSERT_FALSE(session.empty());
  }
}

TEST_F(TlsTlvs, ItComesBeforeTheHelloToTheBackend) {
  start(site.listener(), site.upstream());
  TlsPeer client = site.connect(*daemon);
  Peer plain = backend.accept();
  EXPECT_EQ(receive_header(plain).source.to_string(), client.socket().local_name());
  TlsPeer server(std::move(plain), TlsRole::server, site.backend());
  client.send_all("inside");
  EXPECT_EQ(server.receive_exactly(6), "inside");
}

TEST_F(TlsTlvs, OfAPassedConnectionOnlyTheHelloIsKnown) {
  daemon.emplace(Daemon::with_config(
      "listeners: [{name: front, bind: '127.0.0.1:0', proxy: {routes: [{names: [backend.test], upstream: back}]}}]\n"
      "upstreams: [{name: back, send_proxy_protocol: v2, proxy_tlvs: [authority, alpn, ssl, certificate], servers: "
      "[{address: '" +
      backend.address() + "'}]}]\n"));
  TlsPeer client = TlsPeer::before_handshake(daemon->connect(), TlsRole::client, {.name = "backend.test"});
  client.socket().send_all(client.client_hello());
  Peer server = backend.accept();
  const std::optional<ProxiedTls> told = read_tls_tlvs(receive_header(server).tlvs);
  ASSERT_TRUE(told);
  EXPECT_EQ(told->authority, "backend.test");
  EXPECT_FALSE(told->terminated);
}

}  // namespace
}  // namespace weir::test
