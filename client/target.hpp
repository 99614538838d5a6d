#pragma once

#include <chrono>
#include <functional>

#include "common/endpoint.hpp"
#include "common/io/stream.hpp"

namespace weir::load {

/// A blocking connect with a bound: the socket, non-blocking, and 0, or an errno.
io::ConnectStart connect_blocking(const Endpoint& target, std::chrono::microseconds timeout,
                                  const std::function<int(int)>& prepare);

/// The one endpoint that a run talks to. Where a name has several, they are tried in order until one accepts; where
/// none does, the first one is taken, and the run will say what it refuses. Throws when the name cannot be resolved.
Endpoint choose_endpoint(const Address& target, std::chrono::microseconds timeout,
                         const std::function<int(int)>& prepare);

}  // namespace weir::load
