#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace weir::tls {

/// What a client of PostgreSQL sends first, and again after a request was answered
/// (https://www.postgresql.org/docs/18/protocol-flow.html, and protocol-message-formats.html for the bytes).
enum class PostgresPreamble : std::uint8_t {
  incomplete,
  ssl_request,     ///< it asks for TLS, and waits for S, which its ClientHello follows, or N
  gssenc_request,  ///< it asks for GSSAPI encryption, and waits for G or N; after N it asks for TLS or goes on in the
                   ///< open
  cancel_request,  ///< it asks for a query of another connection to be cancelled, in the open, and waits for the end
  startup,         ///< it begins a session in the open
  direct_tls,      ///< a ClientHello without a request, as version 17 can (sslnegotiation=direct)
  invalid,
};

/// SSLRequest, as a client sends it (same chapter, 54.7).
inline constexpr std::string_view kPostgresSslRequest{"\0\0\0\x08\x04\xd2\x16\x2f", 8};

struct PostgresPreambleParse {
  PostgresPreamble kind = PostgresPreamble::incomplete;
  /// Bytes that it is made of: 8 of the requests for encryption, which whoever answers them takes off, all of a request
  /// to cancel, the first 8 of a startup packet, none of a ClientHello.
  std::size_t size = 0;
  /// ssl_request, gssenc_request: bytes that came behind it. A client waits for the answer before it says more, so
  /// somebody else may have put them there to be taken for what comes encrypted (CVE-2021-23222): whoever is to answer
  /// refuses the connection unless this is 0, whatever the answer would be, as PostgreSQL does. Those that come once it
  /// is answered are what was agreed on.
  std::size_t behind = 0;
  std::string_view problem;  ///< invalid: what is wrong
};

/// The most bytes that are looked at: a request to cancel with the longest key of protocol 3.2.
inline constexpr std::size_t kLongestPostgresPreamble = 4 + 4 + 4 + 256;

/// Parses the begin of a connection, or what comes after a request was answered with N; after S, a ClientHello comes
/// (tls/client_hello.hpp) and nothing of this. `incomplete` only as long as more bytes could make it one of them.
PostgresPreambleParse parse_postgres_preamble(std::span<const std::byte> bytes);

}  // namespace weir::tls
