#pragma once

#include <cstdint>

/// What TLS takes in memory, for plans. Measured with OpenSSL 3.0 of Debian 12, TLS 1.2 and 1.3, where the two differ
/// by a tenth at most: 8.5 KB for an SSL object before its first byte, 46 KB amid a handshake, 47 KB behind it,
/// and 14.1 KB once it has given its buffers back (SSL_MODE_RELEASE_BUFFERS), which it does whenever they are empty.
namespace weir::tls {

/// Of a handshake under way, at most. Honest clients take a quarter of it. One that answers a HelloRetryRequest may say
/// that its second ClientHello is 128 KB long, and OpenSSL makes room for all of it at once; with a record behind it
/// that is not whole yet, 188 KB were measured. A chain of certificates takes less.
inline constexpr std::uint64_t kMemoryPerHandshake = std::uint64_t{192} << 10;
/// Of a side of an established connection, on average: most are idle at any moment.
inline constexpr std::uint64_t kMemoryPerSide = std::uint64_t{16} << 10;

}  // namespace weir::tls
