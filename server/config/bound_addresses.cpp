#include "server/config/bound_addresses.hpp"

#include <arpa/inet.h>

#include <string_view>
#include <utility>

#include "server/config/config_problem.hpp"

namespace weir {
namespace {

constexpr std::string_view kAnyV4 = "0.0.0.0";
constexpr std::string_view kAnyV6 = "[::]";

/// One spelling for each host, so that two of them can be compared.
std::string canonical_host(const Address& address) {
  if (!address.is_inet()) return address.to_string();
  std::string host = address.host;
  for (char& c : host) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (!address.bracketed) return host;
  in6_addr parsed{};
  char text[INET6_ADDRSTRLEN];
  if (::inet_pton(AF_INET6, host.c_str(), &parsed) != 1) return "[" + host + "]";  // it has an interface
  return "[" + std::string(::inet_ntop(AF_INET6, &parsed, text, sizeof text)) + "]";
}

bool holds(std::string_view wide, const std::string& host) {
  return wide.empty() || (wide == kAnyV4 && is_ipv4_address(host)) || (wide == kAnyV6 && host.starts_with('['));
}

bool ports_meet(const Address& one, const Address& other) {
  return one.port <= other.last_port() && other.port <= one.last_port();
}

}  // namespace

void BoundAddresses::add(const Address& address, const Value& item) {
  const std::string host = canonical_host(address);
  if (address.is_inet() && address.port == 0) return;
  if (bound_.size() == kMost) {
    if (!std::exchange(too_many_, true)) {
      item.fail("is one address too many: " + std::to_string(kMost) + " can be bound; write ranges of ports");
    }
    return;
  }
  for (const Bound& other : bound_) {
    if (other.address.kind != address.kind) continue;
    const bool same_host = host == other.host;
    const bool meet = same_host || (address.is_inet() && (holds(host, other.host) || holds(other.host, host)));
    if (!meet || !ports_meet(address, other.address)) continue;
    const std::string place = first_place(other.position);
    if (address.is_descriptor()) {
      item.fail(address.to_string() + " is already bound " + place + "; a socket serves one listener");
    } else if (same_host && address.port == other.address.port && address.port_count == other.address.port_count) {
      item.fail(address.to_string() + " is already bound " + place + "; use another port");
    } else {
      item.fail(address.to_string() + " overlaps " + other.address.to_string() + ", which is bound " + place +
                "; use other ports");
    }
    break;
  }
  bound_.push_back({address, host, item.position()});
}

}  // namespace weir
