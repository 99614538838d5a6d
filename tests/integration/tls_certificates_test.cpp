#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/value.hpp>
#include <string>
#include <vector>

#include "tests/support/configs.hpp"
#include "tests/support/tls_site.hpp"

/// Which certificate a client is shown, and which certificates of clients are taken.
namespace weir::test {
namespace {

class TlsCertificates : public testing::Test {
 protected:
  void start(const std::string& listener_entries) {
    daemon.emplace(Daemon::with_config(echo_config(listener_entries)));
  }
  /// The common name of the certificate that is shown to whoever asks for this name.
  std::string shown_to(const std::string& name, TlsOptions options = {}) const {
    options.name = name;
    return TlsPeer(daemon->connect(), TlsRole::client, options).peer_name();
  }

  TlsSite site;
  std::optional<Daemon> daemon;
};

TEST_F(TlsCertificates, TheNameChoosesIt) {
  const Authority& authority = site.authority();
  start(site.listener_with(
      site.entry("first", authority.server({"DNS:first.test"})) + ", " +
      site.entry("wild", authority.server({"DNS:*.db.test", "DNS:db.test"})) + ", " +
      site.entry("exact", authority.server({"DNS:exact.db.test"})) + ", " +
      site.entry("given", authority.server({"DNS:elsewhere.test"}), "names: [given.test, '*.given.test']")));
  EXPECT_EQ(shown_to("first.test"), "first.test");
  EXPECT_EQ(shown_to("a.db.test"), "*.db.test");
  EXPECT_EQ(shown_to("db.test"), "*.db.test");
  EXPECT_EQ(shown_to("exact.db.test"), "exact.db.test") << "what is exact comes before what is not";
  EXPECT_EQ(shown_to("EXACT.Db.tesT"), "exact.db.test");
  EXPECT_EQ(shown_to("exact.db.test."), "exact.db.test");
  EXPECT_EQ(shown_to("b.a.db.test"), "first.test") << "a star is one label";
  EXPECT_EQ(shown_to("given.test"), "elsewhere.test");
  EXPECT_EQ(shown_to("x.given.test"), "elsewhere.test");
  EXPECT_EQ(shown_to("elsewhere.test"), "first.test") << "names that are given are all it is for";
  EXPECT_EQ(shown_to("unknown.test"), "first.test");
  EXPECT_EQ(shown_to(""), "first.test");
}

TEST_F(TlsCertificates, CheckWarnsOfOneThatHasExpired) {
  const std::string path = site.dir().write(
      "weir.yaml", echo_config(site.listener_with(site.entry("old", site.authority().expired({"DNS:old.test"})))));
  const Finished check = run("weir", {"check", path});
  EXPECT_EQ(check.exit, 0) << check.err;
  EXPECT_THAT(check.out,
              testing::ContainsRegex("warning: listeners.echo.tls: \"old.test\" of .*old.pem.* has expired"));
  EXPECT_THAT(check.out, testing::HasSubstr(path + ": ok"));
}

TEST_F(TlsCertificates, UnknownNamesCanBeRefused) {
  start(site.listener("unknown_name: refuse"));
  TlsPeer client = TlsPeer::before_handshake(daemon->connect(), TlsRole::client, {.name = "unknown.test"});
  EXPECT_EQ(alert_of_refusal(client), "unrecognized_name");
  const Record record = daemon->wait_for_record();
  EXPECT_EQ(record.end(), "tls_unknown_name");
  EXPECT_EQ(record.json().at("tls").at("sni"), "unknown.test");
  EXPECT_EQ(record.json().at("tls").at("alert"), "unrecognized_name");
  EXPECT_EQ(shown_to("site.test"), "site.test");
}

TEST_F(TlsCertificates, OneNameMayHaveAnRsaAndAnEcdsaOne) {
  start(site.listener_with(site.entry("rsa", site.authority().server({"DNS:site.test"}, KeyKind::rsa2048)) + ", " +
                           site.entry("ec", site.certificate())));
  for (const char* kind : {"RSA", "EC"}) {
    const std::string suite =
        kind == std::string("RSA") ? "ECDHE-RSA-AES128-GCM-SHA256" : "ECDHE-ECDSA-AES128-GCM-SHA256";
    const TlsPeer client = site.connect(*daemon, {.newest = "TLSv1.2", .ciphers = suite});
    EXPECT_EQ(client.peer_key_kind(), kind);
    EXPECT_EQ(client.cipher(), suite);
  }
  EXPECT_EQ(site.connect(*daemon).peer_key_kind(), "EC") << "what costs less";
}

TEST_F(TlsCertificates, IntermediatesAreShownWithIt) {
  const Authority first = site.authority().intermediate("first");
  const Authority second = first.intermediate("second");
  start(site.listener_with(site.entry("deep", second.server({"DNS:site.test"}))));
  EXPECT_EQ(site.connect(*daemon).peer_name(), "site.test") << "who knows the root alone can verify it";
}

TEST_F(TlsCertificates, OneFileMayHoldCertificateAndKey) {
  const std::string both = site.dir().write("both.pem", site.certificate().certificate + site.certificate().key);
  start(site.listener_with("{certificate: " + both + ", key: " + both + "}"));
  EXPECT_EQ(site.connect(*daemon).peer_name(), "site.test");
}

class TlsClientCertificates : public testing::TestWithParam<std::string> {
 protected:
  void start(const std::string& entries, const std::string& more = "") {
    const std::string ca = site.dir().write("clients.pem", clients.certificate());
    daemon.emplace(Daemon::with_config(
        echo_config(site.listener("client_certificates: {ca: " + ca + ", " + entries + "}" + with(more)))));
  }
  TlsPeer begin(const Certificate& certificate) const {
    return TlsPeer::before_handshake(
        daemon->connect(), TlsRole::client,
        site.client({.certificate = certificate, .oldest = GetParam(), .newest = GetParam()}));
  }
  /// Who shows this is served, and its record has its name.
  void expect_served(const Certificate& certificate, const std::string& name) {
    TlsPeer client = begin(certificate);
    const std::string address = client.socket().local_name();
    ASSERT_TRUE(client.try_handshake()) << client.problem();
    EXPECT_EQ(client.exchange("ping").bytes, "ping") << client.problem() << client.alert();
    const Record record = daemon->wait_for_record(of_client(address));
    EXPECT_EQ(record.end(), "client_closed");
    const boost::json::value& said = record.json().at("tls").at("client_cn");
    EXPECT_EQ(said.is_null() ? "" : std::string(said.as_string()), name);
  }
  /// Who shows this is refused with this alert, which the record has too.
  void expect_refused(const Certificate& certificate, const std::string& alert) {
    TlsPeer client = begin(certificate);
    const std::string address = client.socket().local_name();
    EXPECT_EQ(alert_of_refusal(client), alert);
    const Record record = daemon->wait_for_record(of_client(address));
    EXPECT_EQ(record.end(), "tls_client_rejected");
    EXPECT_EQ(record.json().at("tls").at("alert"), alert.c_str());
    EXPECT_EQ(record.bytes_in(), 0);
  }
  std::string alert_for_none() const { return GetParam() == "TLSv1.3" ? "certificate_required" : "handshake_failure"; }

  TlsSite site;
  Authority clients{"clients' authority"};
  std::optional<Daemon> daemon;
};

TEST_P(TlsClientCertificates, RequiredOnesMustBeTrusted) {
  start("verify: required");
  expect_served(clients.client("alice"), "alice");
  expect_served(clients.intermediate().client("deep"), "deep");
  expect_refused({}, alert_for_none());
  expect_refused(Authority().client("alice"), "unknown_ca");
  expect_refused(clients.expired_client("alice"), "certificate_expired");
  expect_refused(clients.server({"DNS:alice"}), "unsupported_certificate");
}

TEST_P(TlsClientCertificates, OptionalOnesMustBeTrustedWhereTheyCome) {
  start("verify: optional");
  expect_served(clients.client("alice"), "alice");
  expect_served({}, "");
  expect_refused(Authority().client("alice"), "unknown_ca");
}

TEST_P(TlsClientCertificates, RevokedOnesAreRefused) {
  const Certificate revoked = clients.client("mallory");
  const std::string crl = site.dir().write("crl.pem", clients.revoke({revoked}));
  start("verify: required, crl: " + crl);
  expect_served(clients.client("alice"), "alice");
  expect_refused(revoked, "certificate_revoked");
}

TEST_P(TlsClientCertificates, NamesCanBeListed) {
  start("verify: required, names: [alice, bob.test]");
  expect_served(clients.client("alice"), "alice");
  expect_served(clients.client("somebody", {"DNS:bob.test"}), "somebody");
  TlsPeer client = begin(clients.client("mallory", {"DNS:mallory.test"}));
  const std::string address = client.socket().local_name();
  EXPECT_FALSE(alert_of_refusal(client).starts_with("none")) << client.problem();
  EXPECT_EQ(daemon->wait_for_record(of_client(address)).end(), "tls_client_rejected");
}

TEST_P(TlsClientCertificates, AreNotAskedForByDefault) {
  daemon.emplace(Daemon::with_config(echo_config(site.listener())));
  expect_served(clients.client("alice"), "");
}

INSTANTIATE_TEST_SUITE_P(Versions, TlsClientCertificates, testing::Values("TLSv1.2", "TLSv1.3"),
                         [](const auto& version) { return "Tls1" + version.param.substr(6); });

}  // namespace
}  // namespace weir::test
