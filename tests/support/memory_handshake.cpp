#include "tests/support/memory_handshake.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>

#include <stdexcept>

namespace weir::test {
namespace {

void check(bool worked) {
  if (!worked) throw std::runtime_error("OpenSSL: " + tls::take_openssl_error());
}

/// Whether the end is done or failed.
bool step(SSL* ssl, bool& done, std::string& error) {
  if (done || !error.empty()) return true;
  ::ERR_clear_error();
  const int result = ::SSL_do_handshake(ssl);
  done = result == 1;
  if (!done && ::SSL_get_error(ssl, result) != SSL_ERROR_WANT_READ) {
    error = tls::take_openssl_error();
    if (error.empty()) error = "unknown";
  }
  return done || !error.empty();
}

}  // namespace

MemoryHandshake shake_hands(SSL* client, SSL* server) {
  BIO* near = nullptr;
  BIO* far = nullptr;
  check(::BIO_new_bio_pair(&near, 1 << 20, &far, 1 << 20) == 1);
  ::SSL_set_bio(client, near, near);
  ::SSL_set_bio(server, far, far);
  ::SSL_set_connect_state(client);
  ::SSL_set_accept_state(server);
  MemoryHandshake all;
  for (int turns = 0; turns < 20; ++turns) {
    const bool client_ended = step(client, all.client_done, all.client_error);
    const bool server_ended = step(server, all.server_done, all.server_error);
    if (client_ended && server_ended) break;
  }
  return all;
}

std::string read_tickets(SSL* client) {
  char byte = 0;
  ::ERR_clear_error();
  const int result = ::SSL_read(client, &byte, 1);
  return ::SSL_get_error(client, result) == SSL_ERROR_WANT_READ ? "" : tls::take_openssl_error();
}

tls::SslContextPtr bare_client(const std::string& ca_file) {
  tls::SslContextPtr context(::SSL_CTX_new(::TLS_client_method()));
  check(context != nullptr);
  if (!ca_file.empty()) {
    check(::SSL_CTX_load_verify_file(context.get(), ca_file.c_str()) == 1);
    ::SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  }
  return context;
}

tls::SslContextPtr bare_server(const std::string& certificate, const std::string& key) {
  tls::SslContextPtr context(::SSL_CTX_new(::TLS_server_method()));
  check(context != nullptr);
  check(::SSL_CTX_use_certificate_chain_file(context.get(), certificate.c_str()) == 1);
  check(::SSL_CTX_use_PrivateKey_file(context.get(), key.c_str(), SSL_FILETYPE_PEM) == 1);
  return context;
}

tls::SslPtr client_end(SSL_CTX* context, std::string name) {
  tls::SslPtr end(::SSL_new(context));
  check(end != nullptr);
  if (!name.empty()) {
    check(::SSL_set1_host(end.get(), name.c_str()) == 1);
    check(::SSL_ctrl(end.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data()) == 1);
  }
  return end;
}

}  // namespace weir::test
