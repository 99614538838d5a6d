#include "server/tls_warnings.hpp"

#include <gmock/gmock.h>

#include <chrono>

#include "tests/support/certificates.hpp"

namespace weir {
namespace {

using std::chrono::hours;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class TlsWarnings : public testing::Test {
 protected:
  TlsWarnings() {
    ListenerConfig& listener = config.listeners.emplace_back();
    listener.name = "front";
    listener.tls.emplace().certificates.push_back(files("site", authority.server({"DNS:site.test"})));
    UpstreamConfig& upstream = config.upstreams.emplace_back();
    upstream.name = "back";
    upstream.tls.emplace().ca = dir.write("ca.pem", authority.certificate());
  }

  tls::CertificateOptions files(const std::string& stem, const test::Certificate& certificate) const {
    const test::CertificateFiles written = write_files(dir, stem, certificate);
    return {written.certificate, written.key, {}};
  }
  std::vector<std::string> warnings(hours later = hours(0)) const {
    return tls_warnings(config, std::chrono::system_clock::now() + later);
  }
  tls::ServerOptions& front() { return *config.listeners[0].tls; }
  tls::ClientOptions& back() { return *config.upstreams[0].tls; }

  const test::TempDir dir;
  const test::Authority authority{"clients' authority"};
  ServerConfig config;
};

TEST_F(TlsWarnings, NoneAreOfWhatIsInOrder) {
  front().client_certificates = {
      tls::ClientCertificateOptions::Verify::required, back().ca, dir.write("crl.pem", authority.revoke({})), {}};
  EXPECT_THAT(warnings(), IsEmpty());
  config = {};
  EXPECT_THAT(warnings(), IsEmpty());
}

TEST_F(TlsWarnings, OfAListenersCertificateThatIsNotValid) {
  EXPECT_THAT(warnings(hours(2)), ElementsAre(AllOf(HasSubstr("listeners.front.tls: \"site.test\" of "),
                                                    HasSubstr("site.pem"), HasSubstr("has expired at"))));
  EXPECT_THAT(warnings(hours(-48)), ElementsAre(HasSubstr("is not valid before")));
  front().certificates.push_back(files("old", authority.expired({"DNS:old.test"})));
  EXPECT_THAT(warnings(), ElementsAre(HasSubstr("\"old.test\" of ")));
}

TEST_F(TlsWarnings, OfAnUpstreamsOwnCertificateThatIsNotValid) {
  const tls::CertificateOptions own = files("own", authority.expired_client("weir"));
  back().certificate = own.certificate;
  back().key = own.key;
  EXPECT_THAT(warnings(), ElementsAre(AllOf(HasSubstr("upstreams.back.tls: \"weir\" of "), HasSubstr("own.pem"),
                                            HasSubstr("has expired at"))));
}

TEST_F(TlsWarnings, OfAListOfRevokedOnesThatHasExpired) {
  front().client_certificates = {
      tls::ClientCertificateOptions::Verify::required, back().ca, dir.write("crl.pem", authority.revoke({})), {}};
  EXPECT_THAT(warnings(hours(25)), testing::Contains(AllOf(HasSubstr("revocations of"), HasSubstr("has expired at"))));
}

TEST_F(TlsWarnings, OfAListOfRevokedOnesThatNobodyInCaHasSigned) {
  const test::Authority namesake("clients' authority");
  const test::Authority other("another");
  for (const test::Authority* const signer : {&namesake, &other}) {
    front().client_certificates = {tls::ClientCertificateOptions::Verify::optional,
                                   back().ca,
                                   dir.write("crl.pem", authority.revoke({}) + signer->revoke({})),
                                   {}};
    EXPECT_THAT(warnings(), ElementsAre(AllOf(HasSubstr("listeners.front.tls: client_certificates.crl: "),
                                              HasSubstr("crl.pem"), HasSubstr("by nobody in ca"))));
  }
  front().client_certificates.verify = tls::ClientCertificateOptions::Verify::off;
  EXPECT_THAT(warnings(), IsEmpty());
}

TEST_F(TlsWarnings, OfCiphersThatAreForAnotherKindOfKey) {
  front().ciphers = "ECDHE-RSA-AES128-GCM-SHA256";
  EXPECT_THAT(warnings(), ElementsAre(AllOf(HasSubstr("listeners.front.tls: ciphers: "), HasSubstr("site.pem"),
                                            HasSubstr("ECDHE-ECDSA-"))));
  front().min_version = tls::Version::tls13;
  EXPECT_THAT(warnings(), IsEmpty()) << "TLS 1.3 has ciphers of its own";
  front().min_version = tls::Version::tls12;
  front().certificates.push_back(files("rsa", authority.server({"DNS:site.test"}, test::KeyKind::rsa2048)));
  EXPECT_THAT(warnings(), IsEmpty()) << "its companion serves them";
  front().ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256";
  EXPECT_THAT(warnings(), IsEmpty());
  front().certificates.erase(front().certificates.begin());
  EXPECT_THAT(warnings(), ElementsAre(AllOf(HasSubstr("rsa.pem"), HasSubstr("ECDHE-RSA-"))));
  front().ciphers.clear();
  EXPECT_THAT(warnings(), IsEmpty());
}

TEST_F(TlsWarnings, OfACertificateThatIsNeverShown) {
  front().certificates.push_back(files("twin", authority.server({"DNS:site.test"})));
  EXPECT_THAT(warnings(), ElementsAre(AllOf(HasSubstr("twin.pem"), HasSubstr("never shown"))));
}

}  // namespace
}  // namespace weir
