#pragma once

#include <cstdint>
#include <optional>

#include "client/run_control.hpp"

namespace weir::load {

/// Which part of a run a process does: all of it, or its share with others.
struct Share {
  unsigned process = 0;
  unsigned processes = 1;
  std::uint32_t first_connection = 0;     ///< its connections are numbered from this one on
  std::uint32_t all_connections;          ///< of all processes
  std::optional<Endpoint> endpoint = {};  ///< what the target was resolved to, if it was
};

/// Makes the load and measures it: opens the connections, warms up, measures, drains, and adds up what the threads
/// found out. Throws std::runtime_error when there can be no run. Call it once, from the main thread.
LoadResult run_load(const LoadOptions& options, const Share& share, RunControl& control);

}  // namespace weir::load
