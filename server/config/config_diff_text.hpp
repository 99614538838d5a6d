#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "server/config/config_diff.hpp"

namespace weir {

/// How many live connections a change could touch. Whoever is not named has none.
struct ConnectionCounts {
  std::map<std::string, std::uint64_t> listeners;  ///< by name
  /// By the upstream's name and the backend's target; all backends that a name stands for count together.
  std::map<std::pair<std::string, std::string>, std::uint64_t> backends;

  std::uint64_t of_listener(const std::string& name) const;
  std::uint64_t of_backend(const std::string& upstream, const std::string& target) const;
};

/// For people: a line for each listener and upstream that differs and for each key of the daemon, what matters most
/// first, and what becomes of the connections. Fit for a terminal. Empty where nothing differs.
std::string describe(const ConfigDiff& diff, const ConnectionCounts& counts);

}  // namespace weir
