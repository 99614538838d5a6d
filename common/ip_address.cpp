#include "common/ip_address.hpp"

#include <arpa/inet.h>

#include <cstring>

namespace weir {

std::optional<IpAddress> IpAddress::of(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, address, sizeof v4);
    return IpAddress::v4(ntohl(v4.sin_addr.s_addr));
  }
  if (address->sa_family != AF_INET6) return std::nullopt;
  sockaddr_in6 v6{};
  std::memcpy(&v6, address, sizeof v6);
  return IpAddress::v6(v6.sin6_addr);
}

IpAddress IpAddress::v6(const in6_addr& address) {
  IpAddress result;
  for (int i = 0; i < 8; ++i) result.high = result.high << 8 | address.s6_addr[i];
  for (int i = 8; i < 16; ++i) result.low = result.low << 8 | address.s6_addr[i];
  return result;
}

}  // namespace weir
