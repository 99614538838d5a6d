#include "common/tls/openssl.hpp"

#include <openssl/err.h>

#include <array>
#include <new>

namespace weir::tls {

std::string take_openssl_error() {
  const unsigned long error = ::ERR_get_error();
  ::ERR_clear_error();
  if (error == 0) return {};
  if (const char* reason = ::ERR_reason_error_string(error); reason != nullptr) return reason;
  std::array<char, 256> text{};
  ::ERR_error_string_n(error, text.data(), text.size());
  return text.data();
}

std::string sha256(std::string_view bytes) {
  std::string digest(32, '\0');
  if (::EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()), nullptr, ::EVP_sha256(),
                   nullptr) != 1) {
    ::ERR_clear_error();
    throw std::bad_alloc();
  }
  return digest;
}

}  // namespace weir::tls
