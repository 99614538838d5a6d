#include "common/tls/contexts.hpp"

#include <gmock/gmock.h>
#include <openssl/pem.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/tls/ticket_keys.hpp"
#include "common/tls/trust_problem.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/memory_handshake.hpp"

namespace weir::tls {
namespace {

using test::bare_client;
using test::bare_server;
using test::client_end;
using test::MemoryHandshake;
using test::shake_hands;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Verify = ClientCertificateOptions::Verify;

const test::Authority& authority() {
  static const test::Authority made;
  return made;
}

class ServerContextsTest : public testing::Test {
 protected:
  /// Files of a certificate for these names, as an option.
  CertificateOptions site(const std::string& stem, const std::vector<std::string>& names,
                          test::KeyKind key = test::KeyKind::p256) {
    const test::CertificateFiles files = write_files(dir, stem, authority().server(names, key));
    return {files.certificate, files.key, {}};
  }
  ServerContexts make() const { return {options, tickets}; }
  /// The name of the certificate that whoever asks for `name` sees, or why it sees none.
  std::string shown(const ServerContexts& contexts, const std::string& name, SSL_CTX* context) const {
    const SslPtr client = client_end(context, name);
    const SslPtr server = contexts.make(canonical_name(name));
    if (!server) return "nobody";
    const MemoryHandshake result = shake_hands(client.get(), server.get());
    if (!result.done()) return result.client_error + " / " + result.server_error;
    return names_of(::SSL_get0_peer_certificate(client.get())).at(0);
  }
  std::string shown(const ServerContexts& contexts, const std::string& name) const {
    return shown(contexts, name, anybody.get());
  }
  /// What stands in the way of the options.
  std::string problem() const {
    try {
      make();
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "none";
  }

  const test::TempDir dir;
  const std::string ca = dir.write("ca.pem", authority().certificate());
  ServerOptions options;
  std::shared_ptr<TicketKeys> tickets =
      std::make_shared<TicketKeys>(TicketKeyOptions{}, std::chrono::steady_clock::now());
  const SslContextPtr anybody = bare_client();
};

TEST_F(ServerContextsTest, ATrustingClientVerifiesTheCertificate) {
  options.certificates = {site("a", {"DNS:a.test"})};
  const ServerContexts contexts = make();
  const SslContextPtr trusting = bare_client(ca);
  EXPECT_EQ(shown(contexts, "a.test", trusting.get()), "a.test");
}

TEST_F(ServerContextsTest, TheChainIsShown) {
  const test::Authority between = authority().intermediate();
  const test::CertificateFiles files = write_files(dir, "a", between.server({"DNS:a.test"}));
  options.certificates = {{files.certificate, files.key, {}}};
  const SslContextPtr trusting = bare_client(ca);
  EXPECT_EQ(shown(make(), "a.test", trusting.get()), "a.test");
}

TEST_F(ServerContextsTest, ExactNamesComeBeforeWildcardsOfOneLabelBeforeTheDefault) {
  options.certificates = {site("d", {"DNS:default.test"}), site("w", {"DNS:*.b.test"}), site("e", {"DNS:a.b.test"})};
  const ServerContexts contexts = make();
  EXPECT_EQ(shown(contexts, "a.b.test"), "a.b.test");
  EXPECT_EQ(shown(contexts, "c.b.test"), "*.b.test");
  EXPECT_EQ(shown(contexts, "C.B.Test"), "*.b.test");
  EXPECT_EQ(shown(contexts, "b.test"), "default.test");
  EXPECT_EQ(shown(contexts, "x.a.b.test"), "default.test");
  EXPECT_EQ(shown(contexts, ""), "default.test");
  EXPECT_TRUE(contexts.knows("other.test"));
}

TEST_F(ServerContextsTest, GivenNamesCountInPlaceOfItsOwn) {
  CertificateOptions other = site("o", {"DNS:own.test"});
  other.names = {"Given.test.", "*.given.test"};
  options.certificates = {site("d", {"DNS:default.test"}), other};
  const ServerContexts contexts = make();
  EXPECT_EQ(shown(contexts, "given.test"), "own.test");
  EXPECT_EQ(shown(contexts, "x.given.test"), "own.test");
  EXPECT_EQ(shown(contexts, "own.test"), "default.test");
}

TEST_F(ServerContextsTest, WithoutAlternativeNamesTheCommonNameCounts) {
  const test::CertificateFiles files =
      write_files(dir, "cn", authority().issue({.names = {}, .common_name = "cn.test"}));
  options.certificates = {site("d", {"DNS:default.test"}), {files.certificate, files.key, {}}};
  EXPECT_EQ(shown(make(), "cn.test"), "cn.test");
}

TEST_F(ServerContextsTest, UnknownNamesAreRefusedIfToldSo) {
  options.certificates = {site("a", {"DNS:a.test"})};
  options.unknown_name = ServerOptions::UnknownName::refuse;
  const ServerContexts contexts = make();
  EXPECT_EQ(shown(contexts, "a.test"), "a.test");
  EXPECT_EQ(shown(contexts, "b.test"), "nobody");
  EXPECT_EQ(shown(contexts, ""), "nobody");
  EXPECT_FALSE(contexts.knows("b.test"));
  // The hello's own name has the last word.
  const SslPtr client = client_end(anybody.get(), "b.test");
  const SslPtr server = contexts.make("a.test");
  EXPECT_THAT(shake_hands(client.get(), server.get()).client_error, HasSubstr("unrecognized name"));
}

TEST_F(ServerContextsTest, TheHellosNameChoosesTheCertificateInTheEnd) {
  options.certificates = {site("a", {"DNS:a.test"}), site("b", {"DNS:b.test"})};
  const ServerContexts contexts = make();
  const SslPtr client = client_end(anybody.get(), "b.test");
  const SslPtr server = contexts.make("");
  EXPECT_TRUE(shake_hands(client.get(), server.get()).done());
  EXPECT_THAT(names_of(::SSL_get0_peer_certificate(client.get())), ElementsAre("b.test"));
  EXPECT_STREQ(::SSL_get_servername(server.get(), TLSEXT_NAMETYPE_host_name), "b.test");
}

TEST_F(ServerContextsTest, AConnectionLivesOnWithoutItsContexts) {
  options.certificates = {site("a", {"DNS:a.test"})};
  SslPtr server;
  {
    const ServerContexts contexts = make();
    server = contexts.make("a.test");
  }
  const SslPtr client = client_end(anybody.get(), "other.test");
  EXPECT_TRUE(shake_hands(client.get(), server.get()).done());
}

TEST_F(ServerContextsTest, TwoKindsOfKeyForOneNameServeBothKindsOfClients) {
  options.certificates = {site("r", {"DNS:a.test"}, test::KeyKind::rsa2048), site("e", {"DNS:a.test"})};
  const ServerContexts contexts = make();
  EXPECT_THAT(contexts.notes(), IsEmpty());
  for (const bool rsa : {true, false}) {
    const SslContextPtr picky = bare_client();
    ::SSL_CTX_set_max_proto_version(picky.get(), TLS1_2_VERSION);
    ::SSL_CTX_set_cipher_list(picky.get(), rsa ? "ECDHE-RSA-AES128-GCM-SHA256" : "ECDHE-ECDSA-AES128-GCM-SHA256");
    for (const char* name : {"a.test", "other.test"}) {
      const SslPtr client = client_end(picky.get(), name);
      const SslPtr server = contexts.make(name);
      EXPECT_TRUE(shake_hands(client.get(), server.get()).done()) << name;
      const EVP_PKEY* key = ::X509_get0_pubkey(::SSL_get0_peer_certificate(client.get()));
      EXPECT_EQ(::EVP_PKEY_get_base_id(key), rsa ? EVP_PKEY_RSA : EVP_PKEY_EC);
    }
  }
}

TEST_F(ServerContextsTest, ACertificateThatIsNeverShownIsNoted) {
  options.certificates = {site("a", {"DNS:a.test"}), site("b", {"DNS:a.test"})};
  EXPECT_THAT(make().notes(), ElementsAre(AllOf(HasSubstr("b.pem"), HasSubstr("never shown"))));
}

TEST_F(ServerContextsTest, TheDefaultsAreMozillasIntermediateOnes) {
  options.certificates = {site("a", {"DNS:a.test"})};
  const ServerContexts contexts = make();
  const auto agrees = [&](int version, const char* ciphers, const char* groups = "P-256") {
    const SslContextPtr context = bare_client();
    ::SSL_CTX_set_min_proto_version(context.get(), version);
    ::SSL_CTX_set_max_proto_version(context.get(), version);
    if (ciphers != nullptr) ::SSL_CTX_set_cipher_list(context.get(), ciphers);
    ::SSL_CTX_ctrl(context.get(), SSL_CTRL_SET_GROUPS_LIST, 0, const_cast<char*>(groups));
    return shown(contexts, "a.test", context.get()) == "a.test";
  };
  EXPECT_TRUE(agrees(TLS1_3_VERSION, nullptr));
  EXPECT_TRUE(agrees(TLS1_2_VERSION, "ECDHE-ECDSA-CHACHA20-POLY1305"));
  EXPECT_TRUE(agrees(TLS1_3_VERSION, nullptr, "X25519"));
  EXPECT_TRUE(agrees(TLS1_3_VERSION, nullptr, "P-384"));
  EXPECT_FALSE(agrees(TLS1_3_VERSION, nullptr, "P-521"));
  EXPECT_FALSE(agrees(TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA256"));
  EXPECT_FALSE(agrees(TLS1_1_VERSION, "ALL:@SECLEVEL=0"));
}

TEST_F(ServerContextsTest, TheOldestVersionIsAsTold) {
  options.certificates = {site("a", {"DNS:a.test"})};
  options.min_version = Version::tls13;
  const SslContextPtr old = bare_client();
  ::SSL_CTX_set_max_proto_version(old.get(), TLS1_2_VERSION);
  EXPECT_THAT(shown(make(), "a.test", old.get()), HasSubstr("protocol version"));
}

TEST_F(ServerContextsTest, TheClientsOrderOfCiphersCounts) {
  options.certificates = {site("a", {"DNS:a.test"})};
  const ServerContexts contexts = make();
  const SslContextPtr context = bare_client();
  ::SSL_CTX_set_ciphersuites(context.get(), "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256");
  const SslPtr client = client_end(context.get(), "a.test");
  const SslPtr server = contexts.make("a.test");
  EXPECT_TRUE(shake_hands(client.get(), server.get()).done());
  EXPECT_STREQ(::SSL_get_cipher_name(server.get()), "TLS_CHACHA20_POLY1305_SHA256");
}

class AlpnTest : public ServerContextsTest {
 protected:
  /// What is agreed on; "-" for nothing.
  std::string agreed(const std::string& offered) {
    options.certificates = {site("a", {"DNS:a.test"})};
    const ServerContexts contexts = make();
    const SslPtr client = client_end(anybody.get(), "a.test");
    ::SSL_set_alpn_protos(client.get(), reinterpret_cast<const unsigned char*>(offered.data()),
                          static_cast<unsigned int>(offered.size()));
    const SslPtr server = contexts.make("a.test");
    if (!shake_hands(client.get(), server.get()).done()) return "failed";
    const unsigned char* chosen = nullptr;
    unsigned int size = 0;
    ::SSL_get0_alpn_selected(client.get(), &chosen, &size);
    return size == 0 ? "-" : std::string(reinterpret_cast<const char*>(chosen), size);
  }
};

TEST_F(AlpnTest, TheFirstOfOursThatTheClientOffersIsChosen) {
  options.alpn = {"h2", "http/1.1"};
  EXPECT_EQ(agreed("\x08http/1.1\x02h2"), "h2");
  EXPECT_EQ(agreed("\x03nix\x08http/1.1"), "http/1.1");
}

TEST_F(AlpnTest, NothingInCommonIsNoFailure) {
  options.alpn = {"h2"};
  EXPECT_EQ(agreed("\x08http/1.1"), "-");
  EXPECT_EQ(agreed("\x0apostgresql"), "-");
  options.alpn = {};
  EXPECT_EQ(agreed("\x08http/1.1"), "-");
}

TEST_F(AlpnTest, PostgresqlIsSpokenWhereNothingElseIsAskedForAndAlwaysBehindStarttls) {
  EXPECT_EQ(agreed("\x0apostgresql"), "postgresql");
  options.alpn = {"h2"};
  options.starttls = StartTls::postgres;
  EXPECT_EQ(agreed("\x0apostgresql"), "postgresql");
}

class ClientCertificateTest : public ServerContextsTest {
 protected:
  ClientCertificateTest() {
    options.certificates = {site("a", {"DNS:a.test"})};
    options.client_certificates = {Verify::required, ca, {}, {}};
  }

  /// Why the server refuses who shows this; "" if it serves.
  std::string refusal(const test::Certificate* certificate, SSL_SESSION** session = nullptr) {
    const SslContextPtr context = bare_client();
    if (certificate != nullptr) {
      const test::CertificateFiles files = write_files(dir, "client", *certificate);
      ::SSL_CTX_use_certificate_chain_file(context.get(), files.certificate.c_str());
      ::SSL_CTX_use_PrivateKey_file(context.get(), files.key.c_str(), SSL_FILETYPE_PEM);
    }
    const SslPtr client = client_end(context.get(), "a.test");
    const SslPtr server = make().make("a.test");
    if (visit_before > std::chrono::seconds(0)) {
      const auto then = std::chrono::system_clock::now() - visit_before;
      ::X509_VERIFY_PARAM_set_time(::SSL_get0_param(server.get()), std::chrono::system_clock::to_time_t(then));
    }
    const MemoryHandshake result = shake_hands(client.get(), server.get());
    if (session != nullptr) {
      test::read_tickets(client.get());
      ::SSL_set_shutdown(client.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);  // else it is not taken up again
      *session = ::SSL_get1_session(client.get());
    }
    if (result.server_done) return {};
    return trust_problem(server.get());
  }

  std::chrono::seconds visit_before{0};  ///< the certificate is looked at as if it were so long ago
};

TEST_F(ClientCertificateTest, ATrustedOneIsServed) {
  const test::Certificate client = authority().client("me");
  EXPECT_EQ(refusal(&client), "");
}

TEST_F(ClientCertificateTest, RequiredMeansThatNoneIsRefusedAndOptionalThatItIsServed) {
  EXPECT_EQ(refusal(nullptr), "no certificate was shown");
  options.client_certificates.verify = Verify::optional;
  EXPECT_EQ(refusal(nullptr), "");
}

TEST_F(ClientCertificateTest, OneThatIsNotTrustedIsRefusedEvenWhereItIsOptional) {
  const test::Authority other("another authority");
  const test::Certificate stranger = other.client("me");
  const test::Certificate old = authority().expired_client("me");
  for (const Verify verify : {Verify::required, Verify::optional}) {
    options.client_certificates.verify = verify;
    EXPECT_THAT(refusal(&stranger), HasSubstr("unable to get local issuer certificate"));
    EXPECT_THAT(refusal(&old), HasSubstr("expired"));
  }
}

TEST_F(ClientCertificateTest, AServersCertificateIsNone) {
  const test::Certificate server = authority().server({"DNS:me.test"});
  EXPECT_THAT(refusal(&server), HasSubstr("purpose"));
}

TEST_F(ClientCertificateTest, ARevokedOneIsRefused) {
  const test::Certificate good = authority().client("good");
  const test::Certificate bad = authority().client("bad");
  options.client_certificates.crl = dir.write("crl.pem", authority().revoke({bad}));
  EXPECT_EQ(refusal(&good), "");
  EXPECT_THAT(refusal(&bad), HasSubstr("revoked"));
}

TEST_F(ClientCertificateTest, OnlyAllowedNamesComeIn) {
  const test::Certificate by_common_name = authority().client("Me");
  const test::Certificate by_dns = authority().client("someone", {"DNS:me.test"});
  const test::Certificate neither = authority().client("someone", {"DNS:other.test"});
  options.client_certificates.names = {"me", "Me.test"};
  EXPECT_EQ(refusal(&by_common_name), "");
  EXPECT_EQ(refusal(&by_dns), "");
  EXPECT_EQ(refusal(&neither), "none of its names is allowed");
}

TEST_F(ClientCertificateTest, TheAuthoritiesAreNamedToTheClient) {
  const SslPtr client = client_end(anybody.get(), "a.test");
  const SslPtr server = make().make("a.test");
  shake_hands(client.get(), server.get());
  EXPECT_EQ(count_of(::SSL_get0_peer_CA_list(client.get())), 1);
}

class ResumptionTest : public ClientCertificateTest {
 protected:
  using SessionPtr = std::unique_ptr<SSL_SESSION, Free<SSL_SESSION_free>>;

  ResumptionTest() { options.client_certificates = {}; }

  SessionPtr first_visit(const test::Certificate* certificate = nullptr) {
    SSL_SESSION* session = nullptr;
    EXPECT_EQ(refusal(certificate, &session), "");
    return SessionPtr(session);
  }
  /// Whether the session is taken up, with contexts of the options as they are.
  bool resumes(SSL_SESSION* session, const char* name = "a.test") {
    const SslPtr client = client_end(anybody.get(), name);
    EXPECT_EQ(::SSL_set_session(client.get(), session), 1);
    const SslPtr server = make().make(name);
    shake_hands(client.get(), server.get());
    new_ticket = test::read_tickets(client.get()).empty() && ::SSL_get0_session(client.get()) != session;
    return ::SSL_session_reused(client.get()) == 1;
  }

  bool new_ticket = false;
};

TEST_F(ResumptionTest, WhoComesBackIsResumedByAnyContextsWithTheSameKeys) {
  const SessionPtr session = first_visit();
  EXPECT_TRUE(resumes(session.get()));
  EXPECT_TRUE(new_ticket);
  EXPECT_EQ(tickets->counts().accepted, 1U);
}

TEST_F(ResumptionTest, InTls12AsWell) {
  ::SSL_CTX_set_max_proto_version(anybody.get(), TLS1_2_VERSION);
  options.ciphers = "ECDHE+AESGCM";
  const SslPtr client = client_end(anybody.get(), "a.test");
  const SslPtr server = make().make("a.test");
  ASSERT_TRUE(shake_hands(client.get(), server.get()).done());
  const SessionPtr session(::SSL_get1_session(client.get()));
  EXPECT_TRUE(resumes(session.get()));
}

TEST_F(ResumptionTest, KeysThatAreGoneMeanAFullHandshake) {
  const SessionPtr session = first_visit();
  tickets = std::make_shared<TicketKeys>(TicketKeyOptions{}, std::chrono::steady_clock::now());
  EXPECT_FALSE(resumes(session.get()));
  EXPECT_EQ(tickets->counts().unknown_key, 1U);
}

TEST_F(ResumptionTest, ARotationOrTwoAreNoneOfTheClientsBusiness) {
  using namespace std::chrono_literals;
  const SessionPtr session = first_visit();
  const auto now = std::chrono::steady_clock::now();
  EXPECT_TRUE(tickets->refresh(now + 13h));
  EXPECT_TRUE(resumes(session.get()));
  EXPECT_TRUE(tickets->refresh(now + 26h));
  EXPECT_FALSE(resumes(session.get()));
}

TEST_F(ResumptionTest, OtherAuthoritiesRevocationsOrNamesMeanAFullHandshake) {
  options.client_certificates = {Verify::optional, ca, {}, {}};
  const test::Certificate client = authority().client("me");
  const SessionPtr session = first_visit(&client);
  EXPECT_TRUE(resumes(session.get()));
  const ServerOptions before = options;
  options.client_certificates.crl = dir.write("crl.pem", authority().revoke({client}));
  EXPECT_FALSE(resumes(session.get()));
  options = before;
  options.client_certificates.names = {"me"};
  EXPECT_FALSE(resumes(session.get()));
  options = before;
  options.client_certificates.ca = dir.write("other.pem", test::Authority("other").certificate());
  EXPECT_FALSE(resumes(session.get()));
  options = before;
  options.client_certificates.verify = Verify::required;
  EXPECT_FALSE(resumes(session.get()));
  options = before;
  options.certificates = {site("b", {"DNS:b.test"})};
  EXPECT_FALSE(resumes(session.get(), "b.test"));
}

TEST_F(ResumptionTest, ANewCertificateForTheSameNamesIsNoReason) {
  const SessionPtr session = first_visit();
  options.certificates = {site("a", {"DNS:a.test"})};
  EXPECT_TRUE(resumes(session.get()));
}

TEST_F(ResumptionTest, AClientsCertificateThatHasExpiredMeansAFullHandshake) {
  options.client_certificates = {Verify::optional, ca, {}, {}};
  const test::Certificate client = authority().expired_client("me");
  visit_before = std::chrono::hours(2);
  const SessionPtr session = first_visit(&client);
  EXPECT_FALSE(resumes(session.get()));
}

TEST_F(ResumptionTest, WithoutKeysNobodyGetsATicket) {
  tickets = nullptr;
  const SessionPtr session = first_visit();
  EXPECT_EQ(::SSL_SESSION_is_resumable(session.get()), 0);
}

TEST_F(ServerContextsTest, WhatIsWrongWithAFileIsSaidWithTheRemedy) {
  const CertificateOptions good = site("a", {"DNS:a.test"});
  const CertificateOptions other = site("b", {"DNS:b.test"});
  options.certificates = {{dir.file("none.pem"), good.key, {}}};
  EXPECT_THAT(problem(), AllOf(HasSubstr("none.pem"), HasSubstr("No such file")));
  options.certificates = {{good.certificate, dir.file("none.key"), {}}};
  EXPECT_THAT(problem(), AllOf(HasSubstr("none.key"), HasSubstr("No such file")));
  options.certificates = {{good.certificate, other.key, {}}};
  EXPECT_THAT(problem(),
              AllOf(HasSubstr("b.key"), HasSubstr("is not the key of the certificate in"), HasSubstr("a.pem")));
  options.certificates = {{dir.write("text.pem", "nothing"), good.key, {}}};
  EXPECT_THAT(problem(), AllOf(HasSubstr("text.pem"), HasSubstr("holds no certificate in PEM")));
  options.certificates = {{good.certificate, good.certificate, {}}};
  EXPECT_THAT(problem(), AllOf(HasSubstr("a.pem"), HasSubstr("holds no private key in PEM")));
  options.certificates = {{dir.path().string(), good.key, {}}};
  EXPECT_THAT(problem(), HasSubstr("is not a regular file"));
  std::string half = test::read_file(good.certificate);
  half.resize(half.size() / 2);
  options.certificates = {{dir.write("half.pem", half), good.key, {}}};
  EXPECT_THAT(problem(), AllOf(HasSubstr("half.pem"), HasSubstr("holds a certificate that is broken")));
}

TEST_F(ServerContextsTest, AnEncryptedKeyIsRefusedAndNobodyIsAsked) {
  const CertificateOptions good = site("a", {"DNS:a.test"});
  const BioPtr in(::BIO_new_file(good.key.c_str(), "r"));
  const KeyPtr key(::PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr));
  const std::string locked = dir.file("locked.key");
  BioPtr out(::BIO_new_file(locked.c_str(), "w"));
  std::string word = "secret";
  ::PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), ::EVP_aes_128_cbc(), word.data(), 6, nullptr, nullptr);
  out.reset();
  options.certificates = {{good.certificate, locked, {}}};
  EXPECT_THAT(problem(), AllOf(HasSubstr("locked.key"), HasSubstr("is encrypted"), HasSubstr("openssl pkey")));
}

TEST_F(ServerContextsTest, OneFileMayHoldBoth) {
  const CertificateOptions good = site("a", {"DNS:a.test"});
  const std::string both = dir.write("both.pem", test::read_file(good.key) + test::read_file(good.certificate));
  options.certificates = {{both, both, {}}};
  EXPECT_EQ(shown(make(), "a.test"), "a.test");
  options.certificates = {{both, "", {}}};
  EXPECT_EQ(shown(make(), "a.test"), "a.test");
}

TEST_F(ServerContextsTest, WhatOpenSslDoesNotTakeIsSaidByItsOption) {
  options.certificates = {site("a", {"DNS:a.test"})};
  options.ciphers = "NIX";
  EXPECT_THAT(problem(), AllOf(HasSubstr("ciphers: "), HasSubstr("NIX")));
  options.ciphers.clear();
  options.ciphersuites = "NIX";
  EXPECT_THAT(problem(), HasSubstr("ciphersuites: "));
  options.ciphersuites.clear();
  options.groups = "NIX";
  EXPECT_THAT(problem(), HasSubstr("groups: "));
  options.groups.clear();
  options.alpn = {std::string(256, 'x')};
  EXPECT_THAT(problem(), HasSubstr("alpn: "));
  options.alpn.clear();
  options.certificates[0].names = {"a.*.test"};
  EXPECT_THAT(problem(), HasSubstr("is no name"));
  options.certificates[0].names.clear();
  options.client_certificates.verify = Verify::required;
  EXPECT_THAT(problem(), HasSubstr("ca is empty"));
}

TEST_F(ServerContextsTest, AnExpiredCertificateIsServedAndSaysSo) {
  const test::CertificateFiles files = write_files(dir, "old", authority().expired({"DNS:a.test"}));
  options.certificates = {{files.certificate, files.key, {}}};
  const ServerContexts contexts = make();
  EXPECT_EQ(shown(contexts, "a.test"), "a.test");
  ASSERT_THAT(contexts.certificates(), SizeIs(1));
  EXPECT_THAT(validity_problem(contexts.certificates()[0], std::chrono::system_clock::now()),
              AllOf(HasSubstr("a.test"), HasSubstr("has expired at 20")));
}

class ClientContextTest : public testing::Test {
 protected:
  ClientContextTest() { options.ca = dir.write("ca.pem", authority().certificate()); }

  /// Why we refuse a backend that is called so and shows a certificate for these names; "" if we do not.
  std::string refusal(const std::string& host, const std::vector<std::string>& names) {
    const test::CertificateFiles files = write_files(dir, "backend", signer->server(names));
    const SslContextPtr backend = bare_server(files.certificate, files.key);
    const SslPtr server(::SSL_new(backend.get()));
    const ClientContext context(options);
    const SslPtr client = context.make(host);
    if (!client) return "no end";
    const MemoryHandshake result = shake_hands(client.get(), server.get());
    const char* const name = ::SSL_get_servername(server.get(), TLSEXT_NAMETYPE_host_name);
    asked = name != nullptr ? name : "nothing";
    return result.client_done ? "" : trust_problem(client.get());
  }

  const test::TempDir dir;
  const test::Authority* signer = &authority();
  ClientOptions options;
  std::string asked;
};

TEST_F(ClientContextTest, TheBackendsHostIsAskedForAndVerified) {
  EXPECT_EQ(refusal("db.test", {"DNS:db.test"}), "");
  EXPECT_EQ(asked, "db.test");
  EXPECT_EQ(refusal("db.test", {"DNS:*.test"}), "hostname mismatch");
  EXPECT_EQ(refusal("a.db.test", {"DNS:*.db.test"}), "");
  EXPECT_EQ(refusal("other.test", {"DNS:db.test"}), "hostname mismatch");
}

TEST_F(ClientContextTest, AnAddressIsVerifiedAsOneAndNotAskedFor) {
  EXPECT_EQ(refusal("127.0.0.1", {"IP:127.0.0.1"}), "");
  EXPECT_EQ(asked, "nothing");
  EXPECT_EQ(refusal("::1", {"IP:::1"}), "");
  EXPECT_EQ(refusal("fe80::1%lo", {"IP:fe80::1"}), "");
  EXPECT_EQ(refusal("127.0.0.2", {"IP:127.0.0.1"}), "IP address mismatch");
  EXPECT_EQ(refusal("127.0.0.1", {"DNS:127.0.0.1"}), "IP address mismatch");
}

TEST_F(ClientContextTest, AGivenNameCountsInPlaceOfTheHost) {
  options.name = "db.test";
  EXPECT_EQ(refusal("127.0.0.1", {"DNS:db.test"}), "");
  EXPECT_EQ(asked, "db.test");
  EXPECT_EQ(refusal("/run/db.sock", {"DNS:db.test"}), "");
}

TEST_F(ClientContextTest, WhoHasNoNameIsNotTakenForAnybody) {
  EXPECT_EQ(refusal("", {"DNS:db.test"}), "no end");
  EXPECT_EQ(refusal("/run/db.sock", {"DNS:db.test"}), "hostname mismatch");
  EXPECT_EQ(asked, "nothing");
}

TEST_F(ClientContextTest, TheChainAloneOrNothingIsVerifiedIfToldSo) {
  const test::Authority other("another authority");
  options.verify = ClientOptions::Verify::chain;
  EXPECT_EQ(refusal("db.test", {"DNS:other.test"}), "");
  signer = &other;
  EXPECT_THAT(refusal("db.test", {"DNS:db.test"}), HasSubstr("local issuer"));
  options.verify = ClientOptions::Verify::none;
  EXPECT_EQ(refusal("db.test", {"DNS:other.test"}), "");
}

TEST_F(ClientContextTest, TheSystemTrustsNoAuthorityOfATest) {
  options.ca = "system";
  EXPECT_THAT(refusal("db.test", {"DNS:db.test"}), HasSubstr("local issuer"));
}

TEST_F(ClientContextTest, AnAuthorityThatIsNoRootIsTrustedByItself) {
  const test::Authority between = authority().intermediate();
  signer = &between;
  options.ca = dir.write("between.pem", between.certificate());
  EXPECT_EQ(refusal("db.test", {"DNS:db.test"}), "");
}

TEST_F(ClientContextTest, ItShowsItsCertificateToOurListeners) {
  const test::CertificateFiles own = write_files(dir, "own", authority().client("weir"));
  const test::CertificateFiles site = write_files(dir, "site", authority().server({"DNS:db.test"}));
  options.certificate = own.certificate;
  options.key = own.key;
  options.starttls = StartTls::postgres;
  ServerOptions listener;
  listener.certificates = {{site.certificate, site.key, {}}};
  listener.client_certificates = {Verify::required, options.ca, {}, {"weir"}};
  const ServerContexts server_contexts(listener, nullptr);
  const ClientContext context(options);
  const SslPtr client = context.make("DB.test.");
  const SslPtr server = server_contexts.make("db.test");
  EXPECT_TRUE(shake_hands(client.get(), server.get()).done());
  EXPECT_EQ(common_name(::SSL_get0_peer_certificate(server.get())), "weir");
  const unsigned char* chosen = nullptr;
  unsigned int size = 0;
  ::SSL_get0_alpn_selected(server.get(), &chosen, &size);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(chosen), size), "postgresql");
  EXPECT_THAT(context.certificates(), SizeIs(1));
}

TEST_F(ClientContextTest, AnAuthoritysFileThatIsMissingIsSaid) {
  options.ca = dir.file("none.pem");
  EXPECT_THROW(ClientContext{options}, std::runtime_error);
}

}  // namespace
}  // namespace weir::tls
