#include "server/admin/digest.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <stdexcept>

namespace weir::admin {

Digest sha256(std::string_view text) {
  Digest digest{};
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1 || size != digest.size()) {
    throw std::runtime_error("OpenSSL computes no SHA-256");
  }
  return digest;
}

bool equal(const Digest& one, const Digest& other) { return CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0; }

std::string base64(const Digest& digest) {
  std::array<unsigned char, (std::tuple_size_v<Digest> + 2) / 3 * 4 + 1> text{};  // with its NUL
  const int size = EVP_EncodeBlock(text.data(), digest.data(), static_cast<int>(digest.size()));
  return {text.begin(), text.begin() + size};
}

}  // namespace weir::admin
