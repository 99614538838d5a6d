#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "common/endpoint.hpp"

/// The PROXY protocol, versions 1 and 2: a header before a connection's first byte that says whose connection it is
/// (https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt).
namespace weir {

/// What a header says. Endpoints of size 0 are unknown: the connection counts as the sender's own (LOCAL, UNKNOWN).
struct ProxyHeader {
  Endpoint source;
  Endpoint destination;
  std::string tlvs;         ///< version 2's type-length-values as they came, without a checksum and padding
  bool has_crc32c = false;  ///< it came with a checksum, which was right

  bool is_known() const { return source.size() != 0; }
};

struct ProxyHeaderParse {
  enum class Status { incomplete, complete, invalid };

  Status status = Status::incomplete;
  std::size_t size = 0;      ///< complete: bytes of the header; what follows is the connection's
  std::string_view problem;  ///< invalid: what is wrong
  ProxyHeader header;
};

/// A header longer than this is refused. Version 1 has at most 107 bytes.
inline constexpr std::size_t kLongestProxyHeader = 16 * 1024;

/// Parses the beginning of a connection. `incomplete` only as long as more bytes could make it a header.
ProxyHeaderParse parse_proxy_header(std::span<const std::byte> bytes);

enum class ProxyVersion : std::uint8_t { none, v1, v2 };

/// The header's bytes. Where it does not know the addresses, or they are of a family that version 1 lacks, it says
/// UNKNOWN or LOCAL. Addresses of different families are both written as IPv6.
std::string make_proxy_header(ProxyVersion version, const ProxyHeader& header);

}  // namespace weir
