#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <string>

#include "tests/support/admin_client.hpp"
#include "tests/support/checkout.hpp"
#include "tests/support/configs.hpp"
#include "tests/support/random_bytes.hpp"
#include "tests/support/tls_site.hpp"

/// Sessions that clients go on with: on every worker, after reloads and upgrades, and what ends them.
namespace weir::test {
namespace {

const std::string kAdmin = "admin: {bind: '127.0.0.1:0'}\ndrain_timeout: 1h\n";

class TlsResume : public testing::TestWithParam<std::string> {
 protected:
  void start(const std::string& yaml, const Process::Options& options = {}) {
    daemon.emplace(Daemon::with_config(yaml, options));
  }
  TlsPeer connect(const Daemon& to, const std::string& session, const Certificate& certificate = {}) const {
    return site.connect(to,
                        {.certificate = certificate, .oldest = GetParam(), .newest = GetParam(), .session = session});
  }
  TlsPeer connect(const std::string& session = "") const { return connect(*daemon, session); }
  /// A session that can be resumed.
  std::string session(const Certificate& certificate = {}) const {
    TlsPeer client = connect(*daemon, "", certificate);
    client.send_all("x");
    client.receive_exactly(1);
    EXPECT_FALSE(client.session().empty());
    return client.session();
  }
  /// Whether a client who comes with the session is resumed; it is served either way.
  bool is_resumed(const std::string& with, const Certificate& certificate = {}) const {
    TlsPeer client = connect(*daemon, with, certificate);
    client.send_all("y");
    EXPECT_EQ(client.receive_exactly(1), "y");
    return client.resumed();
  }
  void reload(const std::string& yaml) const {
    daemon->rewrite_config(yaml);
    ASSERT_EQ(AdminClient(*daemon).request("POST", "/api/v1/reload").status, 200) << daemon->process().err();
  }

  TlsSite site;
  std::optional<Daemon> daemon;
};

TEST_P(TlsResume, EveryWorkerKnowsTheTickets) {
  start(kAdmin + echo_config(site.listener()));
  const std::string ticket = session();
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(is_resumed(ticket));
  const Record record =
      daemon->wait_for_record([](const Record& one) { return one.json().at("tls").at("resumed") == true; });
  EXPECT_EQ(record.json().at("tls").at("sni"), "site.test");
  double accepted = 0;
  for (const auto& [series, value] : AdminClient(*daemon).metrics()) {
    if (series.starts_with("weir_tls_ticket_total{") && series.find("accepted") != std::string::npos) accepted += value;
  }
  EXPECT_GE(accepted, 20);
}

TEST_P(TlsResume, AReloadKeepsThem) {
  start(kAdmin + echo_config(site.listener()));
  const std::string ticket = session();
  reload(kAdmin + echo_config(site.listener("alpn: [h2]")));
  EXPECT_TRUE(is_resumed(ticket));
  site.entry("site", site.authority().server({"DNS:site.test"}));
  reload(kAdmin + echo_config(site.listener("alpn: [h2]")));
  EXPECT_TRUE(is_resumed(ticket)) << "another certificate of the same name is no reason to end them";
}

TEST_P(TlsResume, AnUpgradeHandsTheirKeysOn) {
  const TempDir folder;
  std::filesystem::create_symlink(built_program("weir"), folder.file("weir"));
  Process::Options options;
  options.path = folder.file("weir");
  options.has_successors = true;
  start(kAdmin + echo_config(site.listener()), options);
  const std::string ticket = session();
  const AdminClient admin(*daemon);
  for (int i = 0; i < 2; ++i) {
    TlsPeer established = connect();
    established.send_all("a");
    EXPECT_EQ(established.receive_exactly(1), "a");
    ASSERT_EQ(admin.request("POST", "/api/v1/upgrade").status, 200) << daemon->process().err();
    established.send_all("b");
    EXPECT_EQ(established.receive_exactly(1), "b") << "whoever is connected goes on";
    EXPECT_TRUE(is_resumed(ticket));
  }
}

TEST_P(TlsResume, ASignalForAnUpgradeHandsTheirKeysOn) {
  const TempDir folder;
  std::filesystem::create_symlink(built_program("weir"), folder.file("weir"));
  Process::Options options;
  options.path = folder.file("weir");
  options.has_successors = true;
  start(kAdmin + echo_config(site.listener()), options);
  const std::string ticket = session();
  daemon->process().signal(SIGUSR2);
  EXPECT_EQ(daemon->process().wait_exit(), 0) << "it has nobody left";
  EXPECT_TRUE(is_resumed(ticket));
}

TEST_P(TlsResume, AFleetSharesThemByAFile) {
  const std::string keys = site.dir().write("tickets", random_bytes(160));
  std::filesystem::permissions(keys, std::filesystem::perms::owner_read);
  const std::string yaml = "tls: {ticket_keys: {file: " + keys + "}}\n" + echo_config(site.listener());
  start(yaml);
  const Daemon other = Daemon::with_config(yaml);
  const Daemon stranger = Daemon::with_config(echo_config(site.listener()));
  const std::string ticket = session();
  EXPECT_TRUE(connect(other, ticket).resumed());
  EXPECT_FALSE(connect(stranger, ticket).resumed());
}

TEST_P(TlsResume, ATicketThatWasTamperedWithIsAFullHandshake) {
  start(echo_config(site.listener()));
  const Daemon stranger = Daemon::with_config(echo_config(site.listener()));
  TlsPeer client = connect(stranger, session());
  EXPECT_FALSE(client.resumed());
  client.send_all("x");
  EXPECT_EQ(client.receive_exactly(1), "x");
}

TEST_P(TlsResume, AnotherAuthorityOfClientsEndsThem) {
  Authority clients("clients");
  const Certificate alice = clients.client("alice");
  const std::string ca = site.dir().write("clients.pem", clients.certificate());
  const std::string yaml =
      kAdmin + echo_config(site.listener("client_certificates: {verify: required, ca: " + ca + "}"));
  start(yaml);
  const std::string ticket = session(alice);
  EXPECT_TRUE(is_resumed(ticket, alice));
  clients = Authority("others");
  site.dir().write("clients.pem", clients.certificate());
  reload(yaml);
  TlsPeer client = TlsPeer::before_handshake(
      daemon->connect(), TlsRole::client,
      site.client({.certificate = alice, .oldest = GetParam(), .newest = GetParam(), .session = ticket}));
  EXPECT_EQ(alert_of_refusal(client), "unknown_ca");
}

TEST_P(TlsResume, AListenerThatAsksForCertificatesTakesNoTicketOfOneThatDoesNot) {
  Authority clients("clients");
  const std::string ca = site.dir().write("clients.pem", clients.certificate());
  daemon.emplace(Daemon::with_config("listeners: [{name: open, bind: '127.0.0.1:0', echo: {}, " + site.listener() +
                                     "}, {name: closed, bind: '127.0.0.1:0', echo: {}, " +
                                     site.listener("client_certificates: {verify: required, ca: " + ca + "}") +
                                     "}]\n"));
  const std::string ticket = session();
  TlsPeer client =
      TlsPeer::before_handshake(daemon->connect("closed"), TlsRole::client,
                                site.client({.oldest = GetParam(), .newest = GetParam(), .session = ticket}));
  EXPECT_EQ(alert_of_refusal(client), GetParam() == "TLSv1.3" ? "certificate_required" : "handshake_failure");
}

INSTANTIATE_TEST_SUITE_P(Versions, TlsResume, testing::Values("TLSv1.2", "TLSv1.3"),
                         [](const auto& version) { return "Tls1" + version.param.substr(6); });

}  // namespace
}  // namespace weir::test
