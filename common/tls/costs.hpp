#pragma once

#include <cstdint>

/// What TLS takes in memory, for plans. Measured with OpenSSL 3.0 of Debian 12, TLS 1.2 and 1.3, where the two differ
/// by a tenth at most: 8.5 KB for an SSL object before its first byte, 46 KB amid a handshake, 47 KB behind it,
/// and 14.1 KB once it has given its buffers back (SSL_MODE_RELEASE_BUFFERS), which it does whenever they are empty.
namespace weir::tls {

/// Of a handshake under way, of which a record may be there that is not whole yet (61 KB measured).
inline constexpr std::uint64_t kMemoryPerHandshake = std::uint64_t{64} << 10;
/// More, where the client may send a chain of certificates, which is not whole yet either (15 KB measured).
inline constexpr std::uint64_t kMemoryPerClientChain = std::uint64_t{32} << 10;
/// Of a side of an established connection, on average: most are idle at any moment.
inline constexpr std::uint64_t kMemoryPerSide = std::uint64_t{16} << 10;

}  // namespace weir::tls
