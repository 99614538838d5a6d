#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/tls/openssl.hpp"
#include "common/tls/options.hpp"

namespace weir::tls {

/// Bytes that are gone from memory with this.
class SecretBytes {
 public:
  SecretBytes() = default;
  explicit SecretBytes(std::size_t size) : bytes_(size) {}
  SecretBytes(SecretBytes&&) noexcept = default;
  SecretBytes& operator=(SecretBytes&& other) noexcept {
    bytes_.swap(other.bytes_);
    return *this;
  }
  ~SecretBytes() { ::OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

  std::byte* data() { return bytes_.data(); }
  const std::byte* data() const { return bytes_.data(); }
  std::size_t size() const { return bytes_.size(); }

 private:
  std::vector<std::byte> bytes_;
};

/// The keys of session tickets, which all workers and listeners share, so that whoever comes back is resumed wherever
/// it lands. Tickets are sealed as RFC 5077, 4 recommends: AES-256-CBC, then HMAC-SHA-256. Any thread.
///
///     previous   current   next        random: every `rotate` they move to the left, and a new one is next
///        └── open ──┴────────┘         a file: the one before the last is current, however many there are
///                 seal
///
/// `next` opens before it seals, so that a fleet may learn its keys one machine after the other.
class TicketKeys {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// Throws std::runtime_error where the file cannot be used, with what would be right.
  TicketKeys(const TicketKeyOptions& options, Time now);
  TicketKeys(const TicketKeys&) = delete;
  TicketKeys& operator=(const TicketKeys&) = delete;
  ~TicketKeys();

  /// From now on so. Throws as the constructor, and changes nothing then. Keys that go on being random stay.
  void apply(const TicketKeyOptions& options, Time now);
  /// Reads the file again, or makes a new key if it is time. Whether the keys have changed. Throws std::runtime_error
  /// where the file cannot be used, and keeps what it had.
  bool refresh(Time now);
  /// When refresh() makes a new key; nothing where they come from a file.
  std::optional<Time> next_rotation() const;
  /// The file they come from; "" where they are random.
  std::string file() const;

  /// The random keys for the process that takes over, on this machine; nothing where they come from a file.
  SecretBytes export_keys() const;
  /// Takes them on. False where they are none, or they come from a file here: then nothing has changed.
  bool import_keys(std::span<const std::byte> exported, Time now);

  /// What an SSL_CTX_set_tlsext_ticket_key_evp_cb(3) does, with AES-256-CBC as `cipher`, and what it returns.
  int seal(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* encryption, EVP_MAC_CTX* mac,
           const EVP_CIPHER* cipher) const;
  int open(const unsigned char* name, const unsigned char* iv, EVP_CIPHER_CTX* decryption, EVP_MAC_CTX* mac,
           const EVP_CIPHER* cipher) const;

  struct Counts {
    std::uint64_t accepted = 0;     ///< tickets that a key of ours had sealed
    std::uint64_t unknown_key = 0;  ///< those that none had, or no longer: a full handshake followed
  };
  Counts counts() const;

 private:
  static constexpr std::size_t kKeySize = 80;

  /// In the order of HAProxy's tls-ticket-keys: a name, AES's key, HMAC's key.
  struct Key {
    std::array<unsigned char, 16> name;
    std::array<unsigned char, 32> cipher;
    std::array<unsigned char, 32> mac;
  };
  static_assert(sizeof(Key) == kKeySize);

  /// Does not change once it is in use.
  struct Keys {
    std::vector<Key> all;
    std::size_t sealing = 0;
    ~Keys();
  };

  static Key random_key();
  static std::shared_ptr<const Keys> random_keys();
  static std::shared_ptr<const Keys> read_keys(const std::string& path);
  static bool prepare(const Key& key, EVP_MAC_CTX* mac);
  std::shared_ptr<const Keys> keys() const;

  std::mutex change_;         ///< one at a time
  mutable std::mutex mutex_;  ///< held to copy a pointer
  std::shared_ptr<const Keys> keys_;
  TicketKeyOptions options_;
  Time due_{};
  mutable std::atomic<std::uint64_t> accepted_{0};
  mutable std::atomic<std::uint64_t> unknown_key_{0};
};

}  // namespace weir::tls
