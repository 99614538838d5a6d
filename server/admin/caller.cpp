#include "server/admin/caller.hpp"

#include <sys/socket.h>

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

/// Who connected to a unix socket (SO_PEERCRED, unix(7)).
std::string user_of(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return "somebody";
  return "user " + std::to_string(peer.uid);
}

}  // namespace

Caller caller_of(int socket, const weir::Endpoint& peer, const weir::Endpoint& bound) {
  if (bound.is_unix()) return {Caller::From::unix_socket, user_of(socket) + " at " + bound.to_string()};
  const bool local = is_loopback(peer) && is_loopback(bound);
  return {local ? Caller::From::loopback : Caller::From::elsewhere, peer.to_string()};
}

}  // namespace weir::admin
