#pragma once

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>

/// OpenSSL's objects with their owners. Only this folder and what includes this names OpenSSL.
namespace weir::tls {

template <auto Function>
struct Free {
  template <typename Object>
  void operator()(Object* object) const {
    Function(object);
  }
};

using SslPtr = std::unique_ptr<SSL, Free<SSL_free>>;
using SslContextPtr = std::unique_ptr<SSL_CTX, Free<SSL_CTX_free>>;
using X509Ptr = std::unique_ptr<X509, Free<X509_free>>;
using CrlPtr = std::unique_ptr<X509_CRL, Free<X509_CRL_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using CipherPtr = std::unique_ptr<EVP_CIPHER, Free<EVP_CIPHER_free>>;
using BioPtr = std::unique_ptr<BIO, Free<BIO_free_all>>;

/// The thread's oldest error as OpenSSL words it, and empties its queue. "" where there is none.
std::string take_openssl_error();

/// The 32 bytes of SHA-256.
std::string sha256(std::string_view bytes);

/// One of a STACK_OF(Item). The macros of OpenSSL are this, with old-style casts.
template <typename Item, typename Stack>
Item* item_of(const Stack* stack, int index) {
  return static_cast<Item*>(::OPENSSL_sk_value(reinterpret_cast<const OPENSSL_STACK*>(stack), index));
}
template <typename Stack>
int count_of(const Stack* stack) {
  return stack == nullptr ? 0 : ::OPENSSL_sk_num(reinterpret_cast<const OPENSSL_STACK*>(stack));
}

}  // namespace weir::tls
