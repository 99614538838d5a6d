#include "common/tls/renewable.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <filesystem>
#include <string>

#include "tests/support/certificates.hpp"
#include "tests/support/memory_handshake.hpp"

namespace weir::tls {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using Result = Renewal::Result;

class RenewableTest : public testing::Test {
 protected:
  RenewableTest() {
    const test::CertificateFiles files = put(authority.server({"DNS:a.test"}));
    options.certificates = {{files.certificate, files.key, {}}};
  }
  test::CertificateFiles put(const test::Certificate& certificate) const {
    return write_files(dir, "site", certificate);
  }
  static Renewal refresh(CertificateHolder& holder) { return holder.refresh(std::chrono::system_clock::now()); }
  /// The name of the certificate that is shown to new clients.
  static std::string shown(const Termination& termination) {
    const SslContextPtr anybody = test::bare_client();
    const SslPtr client = test::client_end(anybody.get(), "any.test");
    const SslPtr server = termination.current()->make("any.test");
    EXPECT_TRUE(test::shake_hands(client.get(), server.get()).done());
    return names_of(::SSL_get0_peer_certificate(client.get())).at(0);
  }

  const test::TempDir dir;
  const test::Authority authority;
  ServerOptions options;
};

TEST_F(RenewableTest, FilesThatAreTheSameChangeNothing) {
  Termination termination("listener \"a\"", options, nullptr);
  const auto before = termination.current();
  EXPECT_EQ(refresh(termination).result, Result::unchanged);
  EXPECT_EQ(termination.current(), before);
}

TEST_F(RenewableTest, ANewPairIsShownToNewClients) {
  Termination termination("listener \"a\"", options, nullptr);
  const SslPtr begun = termination.current()->make("any.test");
  put(authority.server({"DNS:b.test"}));
  const Renewal renewal = refresh(termination);
  EXPECT_EQ(renewal.result, Result::renewed);
  EXPECT_THAT(renewal.text, AllOf(HasSubstr("b.test"), HasSubstr("site.pem"), HasSubstr("valid until 20")));
  EXPECT_EQ(shown(termination), "b.test");
  EXPECT_EQ(termination.certificates().at(0).name, "b.test");
  EXPECT_EQ(refresh(termination).result, Result::unchanged);
  const SslContextPtr anybody = test::bare_client();
  const SslPtr client = test::client_end(anybody.get(), "any.test");
  EXPECT_TRUE(test::shake_hands(client.get(), begun.get()).done());
}

TEST_F(RenewableTest, AKeyOfAnotherCertificateIsRefusedUntilBothAreThere) {
  Termination termination("listener \"a\"", options, nullptr);
  const test::Certificate next = authority.server({"DNS:b.test"});
  dir.write("site.pem", next.certificate);
  const Renewal refused = refresh(termination);
  EXPECT_EQ(refused.result, Result::refused);
  EXPECT_FALSE(refused.repeated);
  EXPECT_THAT(refused.text, HasSubstr("is not the key of the certificate"));
  EXPECT_TRUE(refresh(termination).repeated);
  EXPECT_EQ(shown(termination), "a.test");
  dir.write("site.key", next.key);
  EXPECT_EQ(refresh(termination).result, Result::renewed);
  EXPECT_EQ(shown(termination), "b.test");
}

TEST_F(RenewableTest, FilesThatAreGoneOrHalfWrittenAreRefused) {
  Termination termination("listener \"a\"", options, nullptr);
  const std::string whole = test::read_file(dir.file("site.pem"));
  fs::remove(dir.file("site.pem"));
  EXPECT_THAT(refresh(termination).text, HasSubstr("No such file"));
  dir.write("site.pem", whole.substr(0, whole.size() / 2));
  EXPECT_THAT(refresh(termination).text, HasSubstr("is broken"));
  EXPECT_EQ(shown(termination), "a.test");
  dir.write("site.pem", whole);
  EXPECT_EQ(refresh(termination).result, Result::unchanged);
}

TEST_F(RenewableTest, AnExpiredOneDoesNotReplaceAValidOne) {
  Termination termination("listener \"a\"", options, nullptr);
  put(authority.expired({"DNS:b.test"}));
  EXPECT_THAT(refresh(termination).text, AllOf(HasSubstr("b.test"), HasSubstr("has expired"), HasSubstr("in use")));
  EXPECT_EQ(shown(termination), "a.test");
  // Once that in use is no better, it does.
  EXPECT_EQ(termination.refresh(std::chrono::system_clock::now() + std::chrono::hours(100)).result, Result::renewed);
  EXPECT_EQ(shown(termination), "b.test");
}

TEST_F(RenewableTest, OneThatIsNotValidYetIsTakenWhenItIs) {
  Termination termination("listener \"a\"", options, nullptr);
  put(authority.issue({.names = {"DNS:b.test"}, .from = std::chrono::minutes(10), .until = std::chrono::hours(2)}));
  EXPECT_THAT(refresh(termination).text, HasSubstr("is not valid before"));
  EXPECT_EQ(termination.refresh(std::chrono::system_clock::now() + std::chrono::minutes(11)).result, Result::renewed);
}

TEST_F(RenewableTest, TheListOfRevokedOnesCountsAsWell) {
  options.client_certificates.verify = ClientCertificateOptions::Verify::required;
  options.client_certificates.ca = dir.write("ca.pem", authority.certificate());
  options.client_certificates.crl = dir.write("crl.pem", authority.revoke({}));
  Termination termination("listener \"a\"", options, nullptr);
  EXPECT_THAT(termination.files(),
              ElementsAre(dir.file("site.pem"), dir.file("site.key"), dir.file("ca.pem"), dir.file("crl.pem")));
  dir.write("crl.pem", authority.revoke({authority.client("me")}));
  EXPECT_THAT(refresh(termination).text, HasSubstr("crl.pem"));
}

TEST_F(RenewableTest, AnUpstreamsCertificatesToo) {
  ClientOptions upstream;
  upstream.ca = dir.write("ca.pem", authority.certificate());
  upstream.certificate = options.certificates[0].certificate;
  upstream.key = options.certificates[0].key;
  Origination origination("upstream \"b\"", upstream);
  const auto before = origination.current();
  dir.write("ca.pem", test::Authority("other").certificate());
  EXPECT_EQ(refresh(origination).text, "files that it names have changed");
  EXPECT_NE(origination.current(), before);
}

TEST_F(RenewableTest, WhatIsWrongAtTheBeginningIsThrown) {
  fs::remove(dir.file("site.key"));
  EXPECT_THROW(Termination("listener \"a\"", options, nullptr), std::runtime_error);
}

}  // namespace
}  // namespace weir::tls
