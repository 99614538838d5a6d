#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/tls/openssl.hpp"

namespace weir::test {

/// Seals a client's records by hand, those that OpenSSL would never send: empty ones, requests for a handshake without
/// end, messages that are cut in two. Takes over behind the handshake: what OpenSSL seals afterwards does not fit.
///
/// TLS 1.2 (RFC 5246, 5 and 6.3; RFC 5288) and 1.3 (RFC 8446, 5 and 7.3), with AES-128-GCM and SHA-256 alone.
class HandSealer {
 public:
  enum class Content : std::uint8_t { alert = 21, handshake = 22, data = 23 };

  /// `client` has done its handshake. `secret` is the CLIENT_TRAFFIC_SECRET_0 of its key log, in hexadecimal digits;
  /// TLS 1.2 needs none. Throws std::runtime_error.
  HandSealer(SSL* client, std::string_view secret);

  /// One record.
  std::string seal(Content content, std::string_view plain);

 private:
  bool tls13_;
  std::string key_;
  std::string iv_;
  std::uint64_t sequence_;
};

}  // namespace weir::test
