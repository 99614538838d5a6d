#include "common/tls/check_words.hpp"

#include <gmock/gmock.h>

namespace weir::tls {
namespace {

using ::testing::HasSubstr;

TEST(CheckWords, CiphersAreTakenAsOpenSslHasThem) {
  EXPECT_EQ(problem_of_ciphers(""), "");
  EXPECT_EQ(problem_of_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256"), "");
  EXPECT_EQ(problem_of_ciphers("ECDHE+AESGCM, HIGH !aNULL"), "");
  EXPECT_EQ(problem_of_ciphers("HIGH:+SHA1:-CAMELLIA:@STRENGTH"), "");
  EXPECT_EQ(problem_of_ciphers("HIGH:!EXPORT:!NO-SUCH-THING"), "") << "what is not there can be taken away";
}

TEST(CheckWords, ACipherThatNobodyKnowsIsNamed) {
  EXPECT_EQ(problem_of_ciphers("ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES129-GCM-SHA256"),
            "\"ECDHE-RSA-AES129-GCM-SHA256\" is no cipher that OpenSSL knows; `openssl ciphers -s -tls1_2` lists them");
  EXPECT_EQ(problem_of_ciphers("TLS_AES_128_GCM_SHA256"),
            "\"TLS_AES_128_GCM_SHA256\" is of TLS 1.3; write it into ciphersuites");
  EXPECT_THAT(problem_of_ciphers("HIGH:!ALL"), HasSubstr("selects no cipher"));
  EXPECT_THAT(problem_of_ciphers(":"), HasSubstr("selects no cipher"));
}

TEST(CheckWords, ACiphersuiteIsOneOfTls13) {
  EXPECT_EQ(problem_of_ciphersuites(""), "");
  EXPECT_EQ(problem_of_ciphersuites("TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256"), "");
  EXPECT_EQ(problem_of_ciphersuites("TLS_AES_128_GCM_SHA256:TLS_AES_129_GCM_SHA256"),
            "\"TLS_AES_129_GCM_SHA256\" is no ciphersuite of TLS 1.3; `openssl ciphers -s -tls1_3` lists them");
  EXPECT_THAT(problem_of_ciphersuites("ECDHE-RSA-AES128-GCM-SHA256"), HasSubstr("is no ciphersuite of TLS 1.3"));
}

TEST(CheckWords, AGroupIsOneThatOpenSslKnows) {
  EXPECT_EQ(problem_of_groups(""), "");
  EXPECT_EQ(problem_of_groups("X25519:P-256:secp384r1"), "");
  EXPECT_EQ(problem_of_groups("X25519:P-257"),
            "\"P-257\" is no group that OpenSSL knows; write names such as X25519:P-256 with a colon between two");
  EXPECT_THAT(problem_of_groups(":"), HasSubstr("is no list of groups"));
}

}  // namespace
}  // namespace weir::tls
