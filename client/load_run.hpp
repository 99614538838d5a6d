#pragma once

#include "client/load_options.hpp"
#include "client/report/load_result.hpp"

namespace weir::load {

/// Carries a run out: resolves the target, opens all connections, warms up, measures, drains, and returns what was
/// found. SIGINT and SIGTERM end it early, with a result; a second one ends the process with status 1. Says on stderr
/// how it goes. Throws std::runtime_error when there can be no run. The process's only run, from its main thread.
LoadResult run_load(const LoadOptions& options);

}  // namespace weir::load
