#include "tests/support/hand_sealer.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <memory>
#include <stdexcept>

namespace weir::test {
namespace {

constexpr std::size_t kKey = 16;
constexpr std::size_t kTag = 16;
constexpr std::size_t kRandom = 32;

void check(bool worked) {
  if (!worked) throw std::runtime_error("OpenSSL: " + tls::take_openssl_error());
}

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

/// Most significant byte first.
std::string number(std::uint64_t value, std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = size; i-- > 0; value >>= 8) bytes[i] = static_cast<char>(value & 0xff);
  return bytes;
}

std::string from_hex(std::string_view digits) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

std::string hmac(std::string_view key, std::string_view data) {
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  check(::HMAC(::EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes_of(data), data.size(), bytes_of(digest),
               &size) != nullptr);
  digest.resize(size);
  return digest;
}

/// HKDF-Expand-Label (RFC 8446, 7.1) without a context, of no more than one digest.
std::string expand(std::string_view secret, std::string_view label, std::size_t size) {
  const std::string name = std::string("tls13 ").append(label);
  const std::string info = number(size, 2) + number(name.size(), 1) + name + number(0, 1) + '\1';
  return hmac(secret, info).substr(0, size);
}

/// The PRF of TLS 1.2 (RFC 5246, 5).
std::string prf(std::string_view secret, const std::string& seed, std::size_t size) {
  std::string all;
  for (std::string a = hmac(secret, seed); all.size() < size; a = hmac(secret, a)) all += hmac(secret, a + seed);
  return all.substr(0, size);
}

std::string encrypt(const std::string& key, const std::string& nonce, const std::string& authenticated,
                    const std::string& plain) {
  const std::unique_ptr<EVP_CIPHER_CTX, tls::Free<EVP_CIPHER_CTX_free>> context(::EVP_CIPHER_CTX_new());
  check(context != nullptr);
  std::string sealed(plain.size() + kTag, '\0');
  int size = 0;
  check(::EVP_EncryptInit_ex(context.get(), ::EVP_aes_128_gcm(), nullptr, bytes_of(std::string_view(key)),
                             bytes_of(std::string_view(nonce))) == 1);
  check(::EVP_EncryptUpdate(context.get(), nullptr, &size, bytes_of(std::string_view(authenticated)),
                            static_cast<int>(authenticated.size())) == 1);
  check(::EVP_EncryptUpdate(context.get(), bytes_of(sealed), &size, bytes_of(std::string_view(plain)),
                            static_cast<int>(plain.size())) == 1);
  check(::EVP_EncryptFinal_ex(context.get(), bytes_of(sealed) + size, &size) == 1);
  check(::EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kTag, sealed.data() + plain.size()) == 1);
  return sealed;
}

}  // namespace

HandSealer::HandSealer(SSL* client, std::string_view secret) : tls13_(::SSL_version(client) == TLS1_3_VERSION) {
  const std::string_view cipher = ::SSL_get_cipher_name(client);
  if (cipher.find("AES_128_GCM") == std::string_view::npos && cipher.find("AES128-GCM") == std::string_view::npos) {
    throw std::runtime_error("not AES-128-GCM");
  }
  if (tls13_) {
    const std::string traffic = from_hex(secret);
    key_ = expand(traffic, "key", kKey);
    iv_ = expand(traffic, "iv", 12);
    sequence_ = 0;
    return;
  }
  std::array<unsigned char, SSL_MAX_MASTER_KEY_LENGTH> master{};
  const std::size_t size = ::SSL_SESSION_get_master_key(::SSL_get_session(client), master.data(), master.size());
  std::string seed = "key expansion";
  std::string random(kRandom, '\0');
  check(::SSL_get_server_random(client, bytes_of(random), kRandom) == kRandom);
  seed += random;
  check(::SSL_get_client_random(client, bytes_of(random), kRandom) == kRandom);
  seed += random;
  // The client's key, the server's, the client's part of the nonce.
  const std::string block = prf({reinterpret_cast<const char*>(master.data()), size}, seed, 2 * kKey + 4);
  key_ = block.substr(0, kKey);
  iv_ = block.substr(2 * kKey, 4);
  sequence_ = 1;  // Finished was the first
}

std::string HandSealer::seal(Content content, std::string_view plain) {
  const std::string sequence = number(sequence_++, 8);
  const char type = static_cast<char>(content);
  if (!tls13_) {
    const std::string authenticated = sequence + type + "\3\3" + number(plain.size(), 2);
    const std::string sealed = encrypt(key_, iv_ + sequence, authenticated, std::string(plain));
    return std::string(1, type) + "\3\3" + number(sequence.size() + sealed.size(), 2) + sequence + sealed;
  }
  std::string nonce = iv_;
  for (std::size_t i = 0; i < sequence.size(); ++i) nonce[4 + i] = static_cast<char>(nonce[4 + i] ^ sequence[i]);
  const std::string inner = std::string(plain) + type;
  const std::string header = "\x17\3\3" + number(inner.size() + kTag, 2);
  return header + encrypt(key_, nonce, header, inner);
}

}  // namespace weir::test
