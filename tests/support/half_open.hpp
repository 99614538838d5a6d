#pragma once

#include "tests/support/peer.hpp"

namespace weir::test {

/// A TCP client whose handshake has begun but does not complete, because no SYN-ACK reaches it.
class HalfOpen {
 public:
  explicit HalfOpen(const Endpoint& target);
  HalfOpen(const HalfOpen&) = delete;
  HalfOpen& operator=(const HalfOpen&) = delete;

  /// Lets in the next SYN-ACK, which the kernel sends a second after the first, and returns the connection. Throws
  /// std::system_error if it is refused or reset.
  Peer complete();

 private:
  io::Descriptor socket_;
};

}  // namespace weir::test
