#include "common/tls/trust_problem.hpp"

#include <openssl/x509_vfy.h>

namespace weir::tls {

std::string trust_problem(const SSL* ssl) {
  const long verified = ::SSL_get_verify_result(ssl);
  if (verified == X509_V_OK) return "no certificate was shown";
  // What the rules of a listener say where OpenSSL itself is content.
  if (verified == X509_V_ERR_APPLICATION_VERIFICATION) return "none of its names is allowed";
  return ::X509_verify_cert_error_string(verified);
}

}  // namespace weir::tls
