#include "common/tls/resumption.hpp"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/pem.h>

#include <array>
#include <memory>
#include <stdexcept>
#include <string>

#include "tests/support/certificates.hpp"

namespace weir::tls {
namespace {

/// A server and a client whose connections pass through memory.
class ResumableSessionTest : public testing::TestWithParam<int> {
 protected:
  struct Pair {
    SslPtr client;
    SslPtr server;
  };

  ResumableSessionTest() {
    const test::Certificate made = test::self_signed({"DNS:site.test"});
    const auto bio = [](const std::string& text) {
      return ::BIO_new_mem_buf(text.data(), static_cast<int>(text.size()));
    };
    BIO* text = bio(made.certificate);
    const X509Ptr certificate(::PEM_read_bio_X509(text, nullptr, nullptr, nullptr));
    ::BIO_free(text);
    text = bio(made.key);
    const KeyPtr key(::PEM_read_bio_PrivateKey(text, nullptr, nullptr, nullptr));
    ::BIO_free(text);
    ::SSL_CTX_use_certificate(server_.get(), certificate.get());
    ::SSL_CTX_use_PrivateKey(server_.get(), key.get());
    for (SSL_CTX* context : {server_.get(), client_.get()}) {
      SSL_CTX_set_min_proto_version(context, GetParam());
      SSL_CTX_set_max_proto_version(context, GetParam());
    }
    // As contexts are that never resume.
    ::SSL_CTX_set_options(client_.get(), SSL_OP_NO_TICKET);
    SSL_CTX_set_session_cache_mode(client_.get(), SSL_SESS_CACHE_OFF);
  }

  /// Connected, and what the server sends behind the handshake is read.
  Pair connect(ResumableSession* session) {
    Pair pair{SslPtr(::SSL_new(client_.get())), SslPtr(::SSL_new(server_.get()))};
    BIO* at_client = nullptr;
    BIO* at_server = nullptr;
    ::BIO_new_bio_pair(&at_client, 0, &at_server, 0);
    ::SSL_set_bio(pair.client.get(), at_client, at_client);
    ::SSL_set_bio(pair.server.get(), at_server, at_server);
    ::SSL_set_connect_state(pair.client.get());
    ::SSL_set_accept_state(pair.server.get());
    if (session != nullptr) session->attach(*pair.client);
    for (int i = 0; i < 10; ++i) {
      ::SSL_do_handshake(pair.client.get());
      ::SSL_do_handshake(pair.server.get());
    }
    if (::SSL_is_init_finished(pair.client.get()) != 1) throw std::runtime_error("no handshake");
    ::SSL_write(pair.server.get(), "x", 1);
    char byte = 0;
    EXPECT_EQ(::SSL_read(pair.client.get(), &byte, 1), 1);
    return pair;
  }
  static bool is_resumed(const Pair& pair) { return ::SSL_session_reused(pair.client.get()) == 1; }

  SslContextPtr server_{::SSL_CTX_new(::TLS_server_method())};
  SslContextPtr client_{::SSL_CTX_new(::TLS_client_method())};
};

TEST_P(ResumableSessionTest, NextConnectionResumesTheSessionOfTheOneBefore) {
  ResumableSession session;
  EXPECT_FALSE(session.is_known());
  for (int i = 0; i < 4; ++i) {
    const Pair pair = connect(&session);
    EXPECT_EQ(is_resumed(pair), i > 0) << i;
    EXPECT_TRUE(session.is_known());
    ::SSL_shutdown(pair.client.get());
  }
}

TEST_P(ResumableSessionTest, OfOneThatIsDroppedTooIfItIsSaid) {
  ResumableSession session;
  for (int i = 0; i < 3; ++i) {
    const Pair pair = connect(&session);
    EXPECT_EQ(is_resumed(pair), i > 0) << i;
    keep_resumable(*pair.client);
  }
}

TEST_P(ResumableSessionTest, OthersOfTheContextResumeNothing) {
  ResumableSession session;
  ::SSL_shutdown(connect(&session).client.get());
  EXPECT_FALSE(is_resumed(connect(nullptr)));
  ResumableSession other;
  EXPECT_FALSE(is_resumed(connect(&other)));
}

INSTANTIATE_TEST_SUITE_P(Versions, ResumableSessionTest, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& version) { return version.param == TLS1_2_VERSION ? "Tls12" : "Tls13"; });

}  // namespace
}  // namespace weir::tls
