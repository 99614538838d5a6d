#include "server/config/tls_kinds.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <vector>

#include "server/config/config_loader.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/temp_dir.hpp"

namespace weir {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Certificates and whoever signed them, in a folder; each test's names are relative to it.
class TlsKinds : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new test::TempDir;
    const test::Authority authority;
    const test::Certificate one = authority.server({"DNS:db.example"});
    const test::Certificate other = authority.server({"DNS:other.example"});
    folder_->write("crt", one.certificate);
    folder_->write("key", one.key);
    folder_->write("both", one.certificate + one.key);
    folder_->write("other.key", other.key);
    folder_->write("ca", authority.certificate());
    folder_->write("crl", authority.revoke({}));
    folder_->write("text", "no PEM at all\n");
  }
  static void TearDownTestSuite() { delete folder_; }

  static ServerConfig load(const std::string& text) { return load_config_text(text, "f", {}, folder_->path()); }

  static std::vector<std::string> problems_of(const std::string& text) {
    std::vector<std::string> problems;
    try {
      load(text);
    } catch (const ConfigError& error) {
      for (const ConfigProblem& problem : error.problems()) problems.push_back(problem.path + ": " + problem.message);
    }
    return problems;
  }

  static std::string of_listener(const std::string& rest) {
    return "listeners: [{name: a, bind: ':1', " + rest +
           "}]\nupstreams: [{name: u, servers: [{address: 'h:1'}]}, {name: v, servers: [{address: 'h:2'}]}]\n";
  }
  static std::vector<std::string> problems_of_tls(const std::string& rest) {
    return problems_of(of_listener("echo: {}, tls: {" + rest + "}"));
  }
  static std::vector<std::string> problems_with(const std::string& rest) {
    return problems_of_tls("certificates: [{certificate: crt, key: key}], " + rest);
  }
  static std::vector<std::string> problems_of_upstream(const std::string& rest) {
    return problems_of(
        "listeners: [{name: a, bind: ':1', echo: {}}]\nupstreams: [{name: u, servers: [{address: 'h:1'}], " + rest +
        "}]\n");
  }

  static std::string file(const std::string& name) { return folder_->file(name); }
  static std::string quoted(const std::string& name) { return "\"" + file(name) + "\""; }

  static test::TempDir* folder_;
};

test::TempDir* TlsKinds::folder_ = nullptr;

TEST_F(TlsKinds, FilesAreRelativeToTheConfiguration) {
  std::vector<std::string> named;
  const ServerConfig config = load_config_text(
      "listeners: [{name: a, bind: ':1', echo: , tls: {certificates: [{certificate: crt, key: key}],\n"
      "  client_certificates: {verify: required, ca: ca, crl: crl}}}]\n"
      "upstreams: [{name: u, servers: [{address: 'h:1'}], tls: {ca: ca, certificate: both}}]\n",
      "f", {}, folder_->path(), &named);
  EXPECT_EQ(config.listeners[0].tls->certificates[0].certificate, file("crt"));
  EXPECT_EQ(config.upstreams[0].tls->ca, file("ca"));
  EXPECT_THAT(named, IsEmpty()) << "whoever uses them looks after them";
  EXPECT_EQ(load_config_text(dump_config(config), "dump"), config);
}

TEST_F(TlsKinds, FilesAreWatchedWithAConfigurationThatCannotBeLoaded) {
  std::vector<std::string> named;
  EXPECT_THROW(load_config_text(
                   "listeners: [{name: a, bind: ':1', echo: , tls: {certificates: [{certificate: gone, key: key}],\n"
                   "  client_certificates: {verify: required, ca: ca, crl: crl}}}]\n"
                   "upstreams: [{name: u, servers: [{address: 'h:1'}], tls: {ca: ca, certificate: both}}]\n",
                   "f", {}, folder_->path(), &named),
               ConfigError);
  EXPECT_THAT(named, ElementsAre(file("gone"), file("key"), file("ca"), file("crl"), file("ca"), file("both")));
}

TEST_F(TlsKinds, AListenerNeedsACertificate) {
  EXPECT_THAT(problems_of_tls(""), ElementsAre(HasSubstr("listeners.a.tls.certificates: is missing; write [{certif")));
  EXPECT_THAT(problems_of_tls("certificates: []"), ElementsAre(HasSubstr("is an empty list of certificates; write [")));
  EXPECT_THAT(problems_of_tls("certificates: [{key: key}]"),
              ElementsAre(HasSubstr("certificates.0.certificate: is missing; write the path of a PEM file")));
  EXPECT_THAT(problems_of_tls("certificates: [{certificate: ''}]"), ElementsAre(HasSubstr("is empty; write the path")));
}

TEST_F(TlsKinds, AKeyIsThatOfTheCertificateAndMayStandInItsFile) {
  const auto problems = [](const std::string& pair) { return problems_of_tls("certificates: [{" + pair + "}]"); };
  EXPECT_THAT(problems("certificate: crt, key: key"), IsEmpty());
  EXPECT_THAT(problems("certificate: both"), IsEmpty());
  EXPECT_THAT(problems("certificate: both, key: ''"), IsEmpty());
  EXPECT_THAT(problems("certificate: crt"),
              ElementsAre(HasSubstr("listeners.a.tls.certificates.0.key: is not given, and " + quoted("crt") +
                                    " holds no private key")));
  EXPECT_THAT(problems("certificate: crt, key: other.key"),
              ElementsAre(HasSubstr("certificates.0.key: " + quoted("other.key") + " is not the key of")));
  EXPECT_THAT(problems("certificate: crt, key: gone"),
              ElementsAre(HasSubstr("certificates.0.key: " + quoted("gone") + " cannot be read: No such file")));
  EXPECT_THAT(
      problems("certificate: gone, key: key"),
      ElementsAre(HasSubstr("certificates.0.certificate: " + quoted("gone") + " cannot be read: No such file")));
  EXPECT_THAT(problems("certificate: text, key: key"), ElementsAre(HasSubstr("holds no certificate in PEM")));
  EXPECT_THAT(problems("certificate: \"a\\nb\""), ElementsAre(HasSubstr("holds a control character")));
}

TEST_F(TlsKinds, AProblemHasItsPlace) {
  try {
    load(
        "listeners:\n  - name: a\n    bind: ':1'\n    echo:\n    tls:\n      certificates:\n        - certificate: "
        "gone\n");
    FAIL() << "loaded";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("f:7:24: listeners.a.tls.certificates.0.certificate: "));
  }
}

TEST_F(TlsKinds, NamesAreExactOrHaveAStarForTheirFirstLabel) {
  const ServerConfig config = load(
      of_listener("echo: {}, tls: {certificates: [{certificate: both, names: [DB.example, '*.a_b.Example', x]}]}"));
  EXPECT_THAT(config.listeners[0].tls->certificates[0].names, ElementsAre("db.example", "*.a_b.example", "x"));
  const auto problem = [](const std::string& name) {
    const auto problems = problems_of_tls("certificates: [{certificate: both, names: ['" + name + "']}]");
    return problems.size() == 1 ? problems[0] : fmt::format("{} problems", problems.size());
  };
  EXPECT_EQ(problem("db.example."),
            "listeners.a.tls.certificates.0.names.0: \"db.example.\" ends with a dot, which clients leave out; write "
            "db.example");
  EXPECT_THAT(problem("192.0.2.1"), HasSubstr("is an address, and clients ask for names alone"));
  EXPECT_THAT(problem("::1"), HasSubstr("is an address"));
  for (const std::string name : {"", "*", "*.", "*.*.example", "a.*.example", "*a.example", "a..b", ".a", "a b", "ä"}) {
    EXPECT_THAT(problem(name), HasSubstr("is not a name; write one such as db.example, or *.db.example")) << name;
  }
  EXPECT_EQ(problem(std::string(63, 'a')), "0 problems");
  EXPECT_THAT(problem(std::string(64, 'a')), HasSubstr("is not a name"));
  EXPECT_THAT(problems_of_tls("certificates: [{certificate: both, names: [a, A]}]"),
              ElementsAre(HasSubstr("names.1: \"a\" is listed already; remove it")));
}

TEST_F(TlsKinds, ProtocolsHaveOneToTwoHundredAndFiftyFiveBytes) {
  EXPECT_THAT(problems_with("alpn: " + std::string(255, 'a')), IsEmpty());
  EXPECT_THAT(problems_with("alpn: [h2, " + std::string(256, 'a') + "]"),
              ElementsAre("listeners.a.tls.alpn.1: has 256 bytes; write the name of a protocol, of 1 to 255 bytes"));
  EXPECT_THAT(problems_with("alpn: ['']"), ElementsAre(HasSubstr("has 0 bytes")));
  EXPECT_THAT(problems_with("alpn: [h2, h2]"), ElementsAre(HasSubstr("\"h2\" is listed already")));
}

TEST_F(TlsKinds, OpenSslSaysWhatItTakes) {
  EXPECT_THAT(problems_with("ciphers: ECDHE+AESGCM, ciphersuites: TLS_AES_128_GCM_SHA256, groups: P-256"), IsEmpty());
  EXPECT_THAT(problems_with("ciphers: a, ciphersuites: b, groups: c"),
              ElementsAre(HasSubstr("listeners.a.tls.ciphers: \"a\" is no cipher"),
                          HasSubstr("listeners.a.tls.ciphersuites: \"b\" is no ciphersuite"),
                          HasSubstr("listeners.a.tls.groups: \"c\" is no group")));
  EXPECT_THAT(problems_with("ciphers: \"HIGH\\0:nonsense\""), ElementsAre(HasSubstr("holds a control character")));
}

TEST_F(TlsKinds, VersionsBefore12AreNotSpoken) {
  EXPECT_THAT(problems_with("min_version: 1.3"), IsEmpty());
  EXPECT_THAT(problems_with("min_version: '1.1'"), ElementsAre(HasSubstr("\"1.1\" is unknown; write 1.2 or 1.3")));
  EXPECT_THAT(problems_with("min_version: TLSv1.2"), ElementsAre(HasSubstr("write 1.2 or 1.3")));
  EXPECT_THAT(dump_config(load(of_listener("echo: {}, tls: {certificates: [{certificate: both}]}"))),
              HasSubstr("min_version: \"1.2\"\n"));
}

TEST_F(TlsKinds, ClientCertificatesNeedWhoeverSignsThemAndNothingElseCountsWithoutThem) {
  const auto problems = [](const std::string& keys) { return problems_with("client_certificates: {" + keys + "}"); };
  EXPECT_THAT(problems("verify: required, ca: ca, crl: crl, names: [Alice A., alice.example]"), IsEmpty());
  EXPECT_THAT(problems("verify: off, ca: '', crl: '', names: []"), IsEmpty());
  EXPECT_THAT(problems("verify: required"),
              ElementsAre("listeners.a.tls.client_certificates.verify: required needs `ca`; write a PEM file of those "
                          "who may sign"));
  EXPECT_THAT(problems("verify: optional, crl: crl"), ElementsAre(HasSubstr("optional needs `ca`")));
  EXPECT_THAT(problems("ca: ca, crl: crl, names: a"),
              ElementsAre(HasSubstr("client_certificates.ca: means nothing while"),
                          HasSubstr("client_certificates.crl: means nothing while"),
                          HasSubstr("client_certificates.names: means nothing while")));
  EXPECT_THAT(problems("verify: required, ca: key"), ElementsAre(HasSubstr("holds no certificate in PEM")));
  EXPECT_THAT(problems("verify: required, ca: ca, crl: ca"), ElementsAre(HasSubstr("holds no list of revoked")));
  EXPECT_THAT(problems("verify: required, ca: ca, names: ['']"), ElementsAre(HasSubstr("is not a name")));
}

TEST_F(TlsKinds, WhoMustShowACertificateCannotComeWithoutTls) {
  EXPECT_THAT(problems_with("plaintext: allow, starttls: postgres"), IsEmpty());
  EXPECT_THAT(problems_with("plaintext: allow, client_certificates: {verify: optional, ca: ca}"), IsEmpty());
  EXPECT_THAT(problems_with("plaintext: allow, client_certificates: {verify: required, ca: ca}"),
              ElementsAre(HasSubstr("listeners.a.tls.plaintext: allow lets in clients that show no certificate")));
}

TEST_F(TlsKinds, UnixSocketsMayHaveTls) {
  EXPECT_THAT(
      problems_of("listeners: [{name: a, bind: 'unix:/a', echo: , tls: {certificates: [{certificate: both}]}}]"),
      IsEmpty());
}

TEST_F(TlsKinds, BackendOfAUnixSocketNeedsANameToBeVerified) {
  const auto problems = [](const std::string& tls, const std::string& servers = "{address: 'unix:/a'}") {
    return problems_of("listeners: [{name: a, bind: ':1', echo: }]\nupstreams: [{name: u, servers: [" + servers +
                       "], tls: " + tls + "}]\n");
  };
  EXPECT_THAT(problems("{ca: ca}"), ElementsAre(AllOf(HasSubstr("upstreams.u.tls: has no name"),
                                                      HasSubstr("\"unix:/a\""), HasSubstr("verify: chain"))));
  EXPECT_THAT(problems("{ca: ca}", "{address: 'h:1'}, {address: 'unix:/b'}"), ElementsAre(HasSubstr("unix:/b")));
  EXPECT_THAT(problems("{ca: ca, name: ''}"), testing::SizeIs(1));
  EXPECT_THAT(problems("{ca: ca, name: db.example}"), IsEmpty());
  EXPECT_THAT(problems("{ca: ca, verify: chain}"), IsEmpty());
  EXPECT_THAT(problems("{verify: none}"), IsEmpty());
  EXPECT_THAT(problems("{ca: ca}", "{address: 'h:1'}"), IsEmpty());
}

TEST_F(TlsKinds, AProxyNeedsAnUpstreamOrRoutes) {
  const auto problems = [](const std::string& proxy) { return problems_of(of_listener("proxy: {" + proxy + "}")); };
  EXPECT_THAT(problems(""), ElementsAre("listeners.a.proxy.upstream: is missing; write the name of an upstream"));
  EXPECT_THAT(problems("routes: []"), ElementsAre(HasSubstr("listeners.a.proxy.upstream: is missing")));
  EXPECT_THAT(problems("routes:"), ElementsAre(HasSubstr("listeners.a.proxy.upstream: is missing")));
  EXPECT_THAT(problems("routes: [{upstream: u}]"), IsEmpty());
  EXPECT_THAT(problems("routes: [{names: a}]"), ElementsAre(HasSubstr("routes.0.upstream: is missing")));
  EXPECT_THAT(problems("routes: [{names: a, upstream: w}], upstream: u"),
              ElementsAre(HasSubstr("listeners.a.proxy.routes.0.upstream: there is no upstream \"w\"")));
  EXPECT_THAT(problems("routes: {}"), ElementsAre(HasSubstr("must be a list of routes; write [{names: ")));
}

TEST_F(TlsKinds, RoutesTerminateWhereTheListenerHasTlsAndPassElsewhere) {
  const auto route = [](const std::string& rest) {
    const ServerConfig config = load(of_listener("proxy: {routes: [{upstream: u" + rest));
    EXPECT_EQ(load_config_text(dump_config(config), "dump"), config);
    return std::get<ProxyConfig>(config.listeners[0].service).routes[0].tls;
  };
  const std::string secure = "}]}, tls: {certificates: [{certificate: both}]}";
  EXPECT_EQ(route("}]}"), RouteConfig::Tls::pass);
  EXPECT_EQ(route(", tls: pass}]}"), RouteConfig::Tls::pass);
  EXPECT_EQ(route(secure), RouteConfig::Tls::terminate);
  EXPECT_EQ(route(", tls: pass" + secure), RouteConfig::Tls::pass);
  EXPECT_THAT(problems_of(of_listener("proxy: {routes: [{upstream: u, tls: terminate}]}")),
              ElementsAre("listeners.a.proxy.routes.0.tls: terminate needs a certificate, but this listener has no "
                          "`tls`; write pass, or give it one"));
}

TEST_F(TlsKinds, ARouteThatCannotBeReachedIsNamed) {
  const auto problems = [](const std::string& first, const std::string& second) {
    return problems_of(of_listener("proxy: {routes: [{upstream: u" + first + "}, {upstream: v" + second + "}]}"));
  };
  EXPECT_THAT(
      problems("", ", names: a"),
      ElementsAre("listeners.a.proxy.routes.1: is never reached, because route 0 (on line 1) is for all that it "
                  "is for; put this one first, or remove it"));
  const std::vector<std::pair<std::string, std::string>> hidden{
      {"", ""},
      {", names: a", ", names: A"},
      {", names: '*.a'", ", names: [b.a, '*.a']"},
      {", alpn: h2", ", alpn: h2, names: a"},
      {", alpn: [h2, h3]", ", alpn: h3"},
      {", names: a", ", names: a, alpn: h2"},
  };
  for (const auto& [first, second] : hidden) {
    EXPECT_THAT(problems(first, second), ElementsAre(HasSubstr("is never reached"))) << first << second;
  }
  const std::vector<std::pair<std::string, std::string>> seen{
      {", names: a", ""},
      {", names: a", ", names: [a, b]"},
      {", names: '*.a'", ", names: a"},
      {", names: '*.a'", ", names: c.b.a"},
      {", names: b.a", ", names: '*.a'"},
      {", alpn: h2", ""},
      {", alpn: h2", ", alpn: [h2, h3]"},
      {", names: a, alpn: h2", ", names: a"},
  };
  for (const auto& [first, second] : seen) EXPECT_THAT(problems(first, second), IsEmpty()) << first << second;
  EXPECT_THAT(problems(", names: ['a b']", ", names: a"), ElementsAre(HasSubstr("is not a name")))
      << "nobody knows what the first is for";
}

TEST_F(TlsKinds, PortsOfARoutesUpstreamAreAsManyAsTheListenersToo) {
  EXPECT_THAT(
      problems_of("listeners: [{name: a, bind: ':1-3', proxy: {routes: [{names: a, upstream: u}]}}]\n"
                  "upstreams: [{name: u, servers: [{address: 'h:1-2'}]}]\n"),
      ElementsAre(HasSubstr("listeners.a.bind: :1-3 has 3 ports, but backend h:1-2 of upstream u has 2 ports")));
}

TEST_F(TlsKinds, UpstreamsCertificateHasItsKey) {
  EXPECT_THAT(problems_of_upstream("tls: "), IsEmpty());
  EXPECT_THAT(problems_of_upstream("tls: {certificate: crt, key: key}"), IsEmpty());
  EXPECT_THAT(problems_of_upstream("tls: {certificate: both}"), IsEmpty());
  EXPECT_THAT(problems_of_upstream("tls: {certificate: crt}"),
              ElementsAre(HasSubstr("upstreams.u.tls.key: is not given, and " + quoted("crt") + " holds no private")));
  EXPECT_THAT(problems_of_upstream("tls: {key: key}"),
              ElementsAre(HasSubstr("upstreams.u.tls.key: is the key of a `certificate`, but there is none")));
}

TEST_F(TlsKinds, UpstreamsTrustTheSystemOrAFile) {
  EXPECT_THAT(problems_of_upstream("tls: {ca: system}"), IsEmpty());
  EXPECT_THAT(problems_of_upstream("tls: {ca: ca}"), IsEmpty());
  EXPECT_THAT(problems_of_upstream("tls: {ca: ''}"),
              ElementsAre("upstreams.u.tls.ca: is empty; write system, or the path of a PEM file"));
  EXPECT_THAT(problems_of_upstream("tls: {ca: gone}"), ElementsAre(HasSubstr(quoted("gone") + " cannot be read")));
}

TEST_F(TlsKinds, UpstreamsNameIsOneNameOrAddress) {
  for (const std::string name : {"", "db.example", "192.0.2.1", "2001:db8::1"}) {
    EXPECT_THAT(problems_of_upstream("tls: {name: '" + name + "'}"), IsEmpty()) << name;
  }
  EXPECT_THAT(problems_of_upstream("tls: {name: '*.example'}"), ElementsAre(HasSubstr("stands for many names")));
  EXPECT_THAT(problems_of_upstream("tls: {name: 'db.example:1'}"), ElementsAre(HasSubstr("is not a name")));
  EXPECT_THAT(problems_of_upstream("tls: {name: 'db.example.'}"), ElementsAre(HasSubstr("write db.example")));
}

TEST_F(TlsKinds, OnlyVersion2OfTheHeaderSaysAnythingOfTls) {
  EXPECT_THAT(problems_of_upstream("send_proxy_protocol: v2, proxy_tlvs: [authority, alpn, ssl, certificate]"),
              IsEmpty());
  EXPECT_THAT(problems_of_upstream("send_proxy_protocol: v2, proxy_tlvs: ssl"), IsEmpty());
  EXPECT_THAT(problems_of_upstream("send_proxy_protocol: v1, proxy_tlvs: []"), IsEmpty());
  EXPECT_THAT(problems_of_upstream("send_proxy_protocol: v1, proxy_tlvs: [ssl]"),
              ElementsAre("upstreams.u.proxy_tlvs: are of version 2 alone, version 1 carries none; write "
                          "send_proxy_protocol: v2"));
  EXPECT_THAT(problems_of_upstream("proxy_tlvs: [ssl]"), ElementsAre(HasSubstr("which is off; write send_proxy_pro")));
  EXPECT_THAT(problems_of_upstream("send_proxy_protocol: v2, proxy_tlvs: [ssl, ssl, tls]"),
              ElementsAre(HasSubstr("proxy_tlvs.1: \"ssl\" is listed already"),
                          HasSubstr("proxy_tlvs.2: \"tls\" is unknown; write authority, alpn, ssl or certificate")));
}

TEST_F(TlsKinds, TicketKeysAreEightyBytesEachAndNotForEverybody) {
  const auto problems = [](std::size_t size, mode_t mode) {
    const std::string path = folder_->write("tickets", std::string(size, '\1'));
    ::chmod(path.c_str(), mode);
    return problems_of("tls: {ticket_keys: {file: tickets}}\nlisteners: [{name: a, bind: ':1', echo: }]\n");
  };
  EXPECT_THAT(problems(80, 0600), IsEmpty());
  EXPECT_THAT(problems(240, 0640), IsEmpty());
  EXPECT_THAT(problems(80, 0604), ElementsAre("tls.ticket_keys.file: " + quoted("tickets") +
                                              " is open to everybody; run: chmod o= " + file("tickets")));
  EXPECT_THAT(problems(81, 0600), ElementsAre(HasSubstr(quoted("tickets") + " does not hold ticket keys")));
  EXPECT_THAT(problems(0, 0600), ElementsAre(HasSubstr("does not hold ticket keys")));
  std::filesystem::remove(file("tickets"));
  EXPECT_THAT(problems_of("tls: {ticket_keys: {file: tickets}}\nlisteners: [{name: a, bind: ':1', echo: }]\n"),
              ElementsAre(HasSubstr(quoted("tickets") + " cannot be read: No such file")));
}

TEST_F(TlsKinds, TicketKeysRotateAfterAMinuteAtTheEarliest) {
  EXPECT_THAT(problems_of("tls: {ticket_keys: {rotate: 59s}}\nlisteners: [{name: a, bind: ':1', echo: }]\n"),
              ElementsAre("tls.ticket_keys.rotate: \"59s\" is too short; write 1m or more"));
}

}  // namespace
}  // namespace weir
