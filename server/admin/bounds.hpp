#pragma once

#include <chrono>
#include <cstddef>

namespace weir::admin {

/// What the endpoint's connections may use. A request's bounds stand in request.hpp.
struct Bounds {
  std::size_t connections = 64;              ///< at once
  std::size_t requests = 1000;               ///< of one connection
  std::chrono::milliseconds idle{30'000};    ///< from one reply to the first byte of the next request
  std::chrono::milliseconds arrival{5'000};  ///< of a request, from its first byte to its last
  std::chrono::milliseconds taking{10'000};  ///< of a reply by its reader
  /// How long one that is being answered is spared when there are too many; after that it counts as idle.
  std::chrono::milliseconds answering{1'000};
  std::chrono::milliseconds linger{1'000};     ///< for the peer's FIN after the last reply
  std::chrono::milliseconds retiring{10'000};  ///< for what is under way when the endpoint retires
  /// For the first request of a connection whose socket was closed meanwhile.
  std::chrono::milliseconds leaving{2'000};
};

}  // namespace weir::admin
