#pragma once

#include "client/idle/idle_options.hpp"
#include "client/idle/idle_summary.hpp"

namespace weir::load {

/// Opens the connections and holds them without a byte, until the duration is over, all were ended by the other side,
/// or SIGINT or SIGTERM comes. A line on stderr, at most once a second, says which ended. Throws std::runtime_error
/// when there can be no run. Call it once, from the main thread, which is the only one.
IdleSummary hold_idle(const IdleOptions& options);

}  // namespace weir::load
