#include "server/admin/caller.hpp"

#include <optional>

#include "common/ip_address.hpp"

namespace weir::admin {
namespace {

/// 127.0.0.0/8 and ::1 (RFC 6890).
bool is_loopback(const weir::Endpoint& endpoint) {
  const std::optional<IpAddress> address = IpAddress::of(endpoint.data());
  if (!address) return false;
  if (address->is_v4()) return ((address->low >> 24) & 0xff) == 127;
  return address->high == 0 && address->low == 1;
}

}  // namespace

Caller caller_of(const weir::Endpoint& peer, const weir::Endpoint& bound) {
  if (bound.is_unix()) return {Caller::From::unix_socket, bound.to_string()};
  const bool local = is_loopback(peer) && is_loopback(bound);
  return {local ? Caller::From::loopback : Caller::From::elsewhere, peer.to_string()};
}

}  // namespace weir::admin
