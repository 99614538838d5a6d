#pragma once

#include "client/load_options.hpp"
#include "client/report/load_result.hpp"

namespace weir::load {

/// Makes a run: resolves the target, opens all connections, warms up, measures, drains, and returns what was
/// found. SIGINT and SIGTERM end it early, with a result; a second one ends the process with status 1. Reports its
/// progress on stderr. Throws std::runtime_error when there can be no run. Call it once, from the main thread.
LoadResult run_load(const LoadOptions& options);

}  // namespace weir::load
