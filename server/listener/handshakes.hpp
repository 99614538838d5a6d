#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "common/endpoint.hpp"
#include "common/io/descriptor.hpp"

namespace weir {

/// TCP handshakes that no accept(2) shows yet: the SYN has come, and the connection is in no queue. Its client may see
/// it as established all the same, because the last ACK is on its way or found the queue full. Control thread.
class Handshakes {
 public:
  /// Takes the descriptor that it asks through now, for there may be none left when it is to ask.
  Handshakes();

  /// How many are under way towards the endpoints (sock_diag(7), SYN_RECV; it walks all connections of the network
  /// namespace, some milliseconds). Nothing where the kernel does not say: it has no CONFIG_INET_DIAG, or the process
  /// may not use netlink.
  std::optional<std::size_t> count(const std::vector<Endpoint>& endpoints) const;

 private:
  io::Descriptor netlink_;
};

}  // namespace weir
