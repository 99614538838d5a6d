#pragma once

#include <system_error>

#include "tests/support/daemon.hpp"

namespace weir::test {

/// Whether a connect fails, because nobody listens there.
inline bool refuses(const Endpoint& endpoint) {
  try {
    Peer::connect(endpoint);
    return false;
  } catch (const std::system_error&) {
    return true;
  }
}

/// The same for the first listener of a daemon.
inline bool refuses(const Daemon& daemon) { return refuses(endpoint_of(daemon.addresses().front())); }

}  // namespace weir::test
