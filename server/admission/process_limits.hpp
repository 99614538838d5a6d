#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <variant>

#include "server/config/server_config.hpp"

namespace weir {

inline constexpr std::uint32_t kDescriptorsPerDirectConnection = 1;   ///< echo, discard
inline constexpr std::uint32_t kDescriptorsPerProxiedConnection = 2;  ///< client and backend

/// How many descriptors a connection of the listener takes.
inline std::uint32_t descriptors_per_connection(const ListenerConfig& listener) {
  return std::holds_alternative<ProxyConfig>(listener.service) ? kDescriptorsPerProxiedConnection
                                                               : kDescriptorsPerDirectConnection;
}

/// How much the process admits at once. A value.
struct ProcessLimits {
  static constexpr std::uint64_t kNone = std::numeric_limits<std::uint64_t>::max();

  std::uint64_t connections = kNone;
  std::uint64_t descriptors = kNone;  ///< of these connections

  /// Whether one more fits that takes `more` descriptors, beside `active` connections that take `taken`.
  bool has_room(std::uint64_t active, std::uint64_t taken, std::uint32_t more) const {
    return active < connections && taken <= descriptors && more <= descriptors - taken;
  }

  /// How many connections there can be at once, if all but those that there are take `each` descriptors.
  std::uint64_t most(std::uint64_t active, std::uint64_t taken, std::uint32_t each) const {
    if (descriptors == kNone) return connections;
    const std::uint64_t more = taken < descriptors ? (descriptors - taken) / each : 0;
    return std::min(connections, active + more);
  }
};

}  // namespace weir
