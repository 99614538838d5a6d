#include "tests/support/tls_peer.hpp"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <csignal>
#include <stdexcept>

namespace weir::test {

struct TlsPeer::Session {
  SSL_CTX* context = ::SSL_CTX_new(::TLS_server_method());
  SSL* tls = nullptr;

  Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() {
    ::SSL_free(tls);
    ::SSL_CTX_free(context);
  }
};

TlsPeer::TlsPeer(Peer& client, const Certificate& certificate) : session_(std::make_unique<Session>()) {
  // OpenSSL writes without MSG_NOSIGNAL.
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  BIO* text = ::BIO_new_mem_buf(certificate.certificate.data(), static_cast<int>(certificate.certificate.size()));
  X509* x509 = ::PEM_read_bio_X509(text, nullptr, nullptr, nullptr);
  ::BIO_free(text);
  text = ::BIO_new_mem_buf(certificate.key.data(), static_cast<int>(certificate.key.size()));
  EVP_PKEY* key = ::PEM_read_bio_PrivateKey(text, nullptr, nullptr, nullptr);
  ::BIO_free(text);
  const bool usable =
      ::SSL_CTX_use_certificate(session_->context, x509) == 1 && ::SSL_CTX_use_PrivateKey(session_->context, key) == 1;
  ::X509_free(x509);
  ::EVP_PKEY_free(key);
  if (!usable) throw std::runtime_error("the certificate is of no use");
  session_->tls = ::SSL_new(session_->context);
  ::SSL_set_fd(session_->tls, client.fd());
  if (::SSL_accept(session_->tls) != 1) throw std::runtime_error("no TLS handshake");
}

TlsPeer::~TlsPeer() = default;

std::string TlsPeer::receive_until(std::string_view end) {
  std::string bytes;
  while (!bytes.ends_with(end)) {
    char byte = 0;
    if (::SSL_read(session_->tls, &byte, 1) != 1) throw std::runtime_error("TLS ended");
    bytes.push_back(byte);
  }
  return bytes;
}

void TlsPeer::send_all(std::string_view bytes) {
  if (::SSL_write(session_->tls, bytes.data(), static_cast<int>(bytes.size())) != static_cast<int>(bytes.size())) {
    throw std::runtime_error("TLS takes no more");
  }
}

void TlsPeer::close_notify() { ::SSL_shutdown(session_->tls); }

}  // namespace weir::test
