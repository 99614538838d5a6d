#include "common/tls/context_parts.hpp"

#include <fmt/format.h>
#include <openssl/err.h>

#include <functional>
#include <memory>
#include <new>
#include <stdexcept>

#include "common/printable.hpp"

namespace weir::tls {
namespace {

/// What a peer may make us keep for its chain before anybody knows who it is. OpenSSL's own bound is 100 KB.
constexpr long kLargestChain = 32 * 1024;
constexpr std::size_t kLongestProtocol = 255;

void set_list(const char* option, std::string_view given, std::string_view otherwise,
              const std::function<int(const char*)>& set) {
  const std::string list(given.empty() ? otherwise : given);
  ::ERR_clear_error();
  if (set(list.c_str()) == 1) return;
  throw std::runtime_error(fmt::format("{}: OpenSSL does not take {} ({}); try {}", option, in_quotes(list),
                                       take_openssl_error(), in_quotes(otherwise)));
}

}  // namespace

SslContextPtr make_context(OSSL_LIB_CTX* library, const SSL_METHOD* method, Version min_version) {
  ::ERR_clear_error();
  SslContextPtr context(::SSL_CTX_new_ex(library, nullptr, method));
  if (!context) throw std::runtime_error(fmt::format("OpenSSL makes no context: {}", take_openssl_error()));
  SSL_CTX* const made = context.get();
  SSL_CTX_set_min_proto_version(made, min_version == Version::tls13 ? TLS1_3_VERSION : TLS1_2_VERSION);
  ::SSL_CTX_set_options(made, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_session_cache_mode(made, SSL_SESS_CACHE_OFF);
  // Else each handshake would look for the chain anew in what is trusted.
  SSL_CTX_set_mode(made, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                             SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_set_max_cert_list(made, kLargestChain);
  return context;
}

void set_ciphers(SSL_CTX* context, std::string_view ciphers, std::string_view suites, std::string_view groups) {
  set_list("ciphers", ciphers, kCiphers, [&](const char* list) { return ::SSL_CTX_set_cipher_list(context, list); });
  set_list("ciphersuites", suites, kCipherSuites,
           [&](const char* list) { return ::SSL_CTX_set_ciphersuites(context, list); });
  // SSL_CTX_set1_groups_list() is this, with an old-style cast.
  set_list("groups", groups, kGroups, [&](const char* list) {
    return static_cast<int>(::SSL_CTX_ctrl(context, SSL_CTRL_SET_GROUPS_LIST, 0, const_cast<char*>(list)));
  });
}

void use_identity(SSL_CTX* context, const Identity& identity) {
  using ChainPtr = std::unique_ptr<OPENSSL_STACK, Free<OPENSSL_sk_free>>;
  const ChainPtr chain(::OPENSSL_sk_new_null());
  if (!chain) throw std::bad_alloc();
  for (const X509Ptr& link : identity.chain) {
    if (::OPENSSL_sk_push(chain.get(), link.get()) == 0) throw std::bad_alloc();
  }
  ::ERR_clear_error();
  if (::SSL_CTX_use_cert_and_key(context, identity.certificate.get(), identity.key.get(),
                                 reinterpret_cast<STACK_OF(X509)*>(chain.get()), 1) == 1) {
    return;
  }
  const bool weak = ERR_GET_REASON(::ERR_peek_error()) == SSL_R_EE_KEY_TOO_SMALL ||
                    ERR_GET_REASON(::ERR_peek_error()) == SSL_R_CA_KEY_TOO_SMALL ||
                    ERR_GET_REASON(::ERR_peek_error()) == SSL_R_CA_MD_TOO_WEAK;
  throw std::runtime_error(fmt::format("{} holds a certificate that OpenSSL does not use ({}){}",
                                       in_quotes(identity.file), take_openssl_error(),
                                       weak ? "; have one made of RSA with 2048 bits or P-256, and SHA-256" : ""));
}

void trust(SSL_CTX* context, const std::vector<X509Ptr>& authorities) {
  X509_STORE* const store = ::SSL_CTX_get_cert_store(context);
  for (const X509Ptr& authority : authorities) {
    if (::X509_STORE_add_cert(store, authority.get()) != 1) throw std::bad_alloc();
  }
  ::X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
}

std::string alpn_list(const std::vector<std::string>& protocols) {
  std::string list;
  for (const std::string& protocol : protocols) {
    if (protocol.empty() || protocol.size() > kLongestProtocol) {
      throw std::runtime_error(fmt::format("alpn: {} is no name of a protocol; it has 1 to {} bytes, such as h2",
                                           in_quotes(protocol), kLongestProtocol));
    }
    list += static_cast<char>(protocol.size());
    list += protocol;
  }
  return list;
}

}  // namespace weir::tls
