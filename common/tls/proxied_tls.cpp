#include "common/tls/proxied_tls.hpp"

#include <openssl/evp.h>
#include <openssl/objects.h>

#include <string>

#include "common/tls/certificate_facts.hpp"

namespace weir::tls {

namespace {

std::string text_or_empty(const char* text) { return text == nullptr ? "" : text; }

/// `RSA2048`, `EC256`
std::string key_algorithm_of(X509* certificate) {
  EVP_PKEY* const key = X509_get0_pubkey(certificate);
  if (key == nullptr) return "";
  const int kind = EVP_PKEY_base_id(key);
  const std::string name = kind == EVP_PKEY_RSA ? "RSA" : kind == EVP_PKEY_EC ? "EC" : text_or_empty(OBJ_nid2sn(kind));
  return name + std::to_string(EVP_PKEY_bits(key));
}

std::string der_of(X509* certificate) {
  unsigned char* bytes = nullptr;
  const int size = i2d_X509(certificate, &bytes);
  if (size <= 0) return "";
  std::string der(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return der;
}

}  // namespace

ProxiedTls proxied_tls(SSL* ssl) {
  ProxiedTls known;
  known.terminated = true;
  known.version = text_or_empty(SSL_get_version(ssl));
  known.cipher = text_or_empty(SSL_get_cipher_name(ssl));
  known.group = text_or_empty(SSL_group_to_name(ssl, static_cast<int>(SSL_get_negotiated_group(ssl))));
  const unsigned char* protocol = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl, &protocol, &size);
  known.alpn.assign(protocol, protocol + size);
  if (X509* const own = SSL_get_certificate(ssl); own != nullptr) {
    known.signature_algorithm = text_or_empty(OBJ_nid2sn(X509_get_signature_nid(own)));
    known.key_algorithm = key_algorithm_of(own);
  }
  const X509Ptr client(SSL_get1_peer_certificate(ssl));
  if (!client) return known;
  const bool resumed = SSL_session_reused(ssl) == 1;
  known.shown_on_connection = !resumed;
  known.shown_in_session = true;
  known.verify = static_cast<std::uint32_t>(SSL_get_verify_result(ssl));
  known.common_name = common_name(client.get());
  known.certificate = der_of(client.get());
  return known;
}

}  // namespace weir::tls
