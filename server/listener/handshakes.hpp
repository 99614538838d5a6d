#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "common/endpoint.hpp"
#include "common/io/descriptor.hpp"

namespace weir {

/// TCP handshakes that accept(2) does not show yet: the SYN has come, but the connection is in no queue. The client may
/// see it as established all the same, because the last ACK is on its way or found the queue full. Control thread.
class Handshakes {
 public:
  /// Opens its netlink socket now, because no descriptor may be left when it needs one.
  Handshakes();

  /// How many are under way towards the endpoints (sock_diag(7), SYN_RECV; the kernel walks all connections of the
  /// network namespace, which takes some milliseconds). Nothing if the kernel has no CONFIG_INET_DIAG, or the process
  /// may not use netlink.
  std::optional<std::size_t> count(const std::vector<Endpoint>& endpoints) const;

 private:
  io::Descriptor netlink_;
};

}  // namespace weir
