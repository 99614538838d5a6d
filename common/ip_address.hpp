#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <compare>
#include <cstdint>
#include <optional>

namespace weir {

/// An IPv4 or IPv6 address as one number of 128 bits; IPv4 is `::ffff:a.b.c.d` (RFC 4291, 2.5.5.2), so that an IPv4
/// client counts as one however its socket was made.
struct IpAddress {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  /// Of a socket's address; nothing for other families.
  static std::optional<IpAddress> of(const sockaddr* address);
  static IpAddress v4(std::uint32_t address) { return {0, kMapped | address}; }
  static IpAddress v6(const in6_addr& address);

  bool is_v4() const { return high == 0 && (low >> 32) == (kMapped >> 32); }
  /// What one client is likely to have for itself: an IPv4 address, or an IPv6 /64.
  IpAddress source() const { return is_v4() ? *this : IpAddress{high, 0}; }

  auto operator<=>(const IpAddress&) const = default;

  /// `::ffff:0.0.0.0`
  static constexpr std::uint64_t kMapped = 0xffff'0000'0000;
};

}  // namespace weir
