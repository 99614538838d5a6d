#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/tls/openssl.hpp"
#include "common/tls/options.hpp"
#include "common/tls/pem_files.hpp"

/// What both sides' contexts are set up with. The functions throw std::runtime_error that says what is wrong with the
/// option.
namespace weir::tls {

/// Mozilla's intermediate compatibility (https://wiki.mozilla.org/Security/Server_Side_TLS), without finite-field DHE.
inline constexpr std::string_view kCiphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
/// AES-128 first, which OpenSSL has not: a peer that leaves the choice to us is served faster.
inline constexpr std::string_view kCipherSuites =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
inline constexpr std::string_view kGroups = "X25519:P-256:P-384";

/// A context with what is common to all: no compression, no renegotiation, no cache of sessions, buffers given back
/// when they are empty. Reading ahead is off, because records come from memory and wait better there.
SslContextPtr make_context(OSSL_LIB_CTX* library, const SSL_METHOD* method, Version min_version);
/// Empty ones are the defaults above.
void set_ciphers(SSL_CTX* context, std::string_view ciphers, std::string_view suites, std::string_view groups);
void use_identity(SSL_CTX* context, const Identity& identity);
/// Trusts these, each by itself: one that is no root needs none behind it.
void trust(SSL_CTX* context, const std::vector<X509Ptr>& authorities);

/// The protocols as ALPN has them on the wire (RFC 7301, 3.1).
std::string alpn_list(const std::vector<std::string>& protocols);

}  // namespace weir::tls
