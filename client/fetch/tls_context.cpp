#include "client/fetch/tls_context.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <boost/asio/ssl/error.hpp>
#include <stdexcept>

#include "common/address.hpp"
#include "common/printable.hpp"

namespace weir::load {

namespace ssl = boost::asio::ssl;

ssl::context make_tls_context(const std::string& ca_file, bool insecure) {
  ssl::context context(ssl::context::tls_client);
  boost::system::error_code error;
  if (ca_file.empty()) {
    context.set_default_verify_paths(error);
  } else {
    context.load_verify_file(ca_file, error);
  }
  if (error) throw std::runtime_error("cannot use the certificates of " + in_quotes(ca_file) + ": " + error.message());
  context.set_verify_mode(insecure ? ssl::verify_none : ssl::verify_peer);
  return context;
}

void expect_host(SSL* tls, const Url& url) {
  static constexpr unsigned char kHttp11[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  ::SSL_set_alpn_protos(tls, kHttp11, sizeof kHttp11);
  const bool address = is_ip_address(url.host);
  // A certificate is for `name`, even if the URL has the root's dot (RFC 6066, 3 has none in SNI).
  std::string name = url.host.ends_with('.') ? url.host.substr(0, url.host.size() - 1) : url.host;
  ::SSL_set_hostflags(tls, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  // SSL_set_tlsext_host_name() is this, with an old-style cast.
  const auto ask_for = [&] {
    return ::SSL_ctrl(tls, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data()) == 1;
  };
  const bool set = address ? ::X509_VERIFY_PARAM_set1_ip_asc(::SSL_get0_param(tls), name.c_str()) == 1
                           : ::SSL_set1_host(tls, name.c_str()) == 1 && ask_for();
  if (!set) throw std::runtime_error("OpenSSL does not take the host " + in_quotes(name));
}

std::string handshake_failure(const SSL* tls, const boost::system::error_code& error) {
  const long verified = ::SSL_get_verify_result(tls);
  if (verified != X509_V_OK && ::SSL_get_verify_mode(tls) != SSL_VERIFY_NONE)
    return ::X509_verify_cert_error_string(verified);
  if (error == ssl::error::stream_truncated) return "the peer closed during the handshake";
  const char* reason = error.category() == boost::asio::error::get_ssl_category()
                           ? ::ERR_reason_error_string(static_cast<unsigned long>(error.value()))
                           : nullptr;
  return reason != nullptr ? reason : error.message();
}

}  // namespace weir::load
