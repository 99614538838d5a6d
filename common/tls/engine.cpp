#include "common/tls/engine.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include <array>
#include <cstddef>
#include <new>

#include "common/tls/trust_problem.hpp"

namespace weir::tls {

Engine::Engine(SslPtr ssl) : ssl_(std::move(ssl)), in_(BIO_new(BIO_s_mem())), out_(BIO_new(BIO_s_mem())) {
  if (in_ == nullptr || out_ == nullptr) {
    BIO_free(in_);
    BIO_free(out_);
    throw std::bad_alloc();
  }
  BIO_set_mem_eof_return(in_, -1);  // empty means that more may come
  SSL_set_bio(ssl_.get(), in_, out_);
  SSL_set_connect_state(ssl_.get());
}

void Engine::take(std::string_view records) {
  if (BIO_write(in_, records.data(), static_cast<int>(records.size())) != static_cast<int>(records.size())) {
    throw std::bad_alloc();
  }
}

std::string Engine::due() {
  std::string bytes(BIO_ctrl_pending(out_), '\0');
  if (!bytes.empty()) BIO_read(out_, bytes.data(), static_cast<int>(bytes.size()));
  return bytes;
}

Engine::Status Engine::status_of(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_NONE:
      return Status::done;
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return Status::waiting;
    case SSL_ERROR_ZERO_RETURN:
      problem_ = "it closed";
      return Status::ended;
    default:
      break;
  }
  // What OpenSSL says of a refused certificate is only that it was refused.
  const long verdict = SSL_get_verify_result(ssl_.get());
  problem_ = take_openssl_error();
  if (verdict != X509_V_OK && (SSL_get_verify_mode(ssl_.get()) & SSL_VERIFY_PEER) != 0) {
    problem_ = std::string("its certificate is not trusted: ") + trust_problem(ssl_.get());
  }
  if (problem_.empty()) problem_ = "it broke off";
  return Status::failed;
}

Engine::Status Engine::handshake() {
  ERR_clear_error();
  return status_of(SSL_do_handshake(ssl_.get()));
}

Engine::Status Engine::write(std::string_view text) {
  if (text.empty()) return Status::done;
  ERR_clear_error();
  return status_of(SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())));
}

Engine::Status Engine::read(std::string& text) {
  std::array<char, 4096> piece;
  for (;;) {
    ERR_clear_error();
    const int got = SSL_read(ssl_.get(), piece.data(), static_cast<int>(piece.size()));
    if (got <= 0) return status_of(got);
    text.append(piece.data(), static_cast<std::size_t>(got));
  }
}

void Engine::finish() {
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

}  // namespace weir::tls
