#pragma once

#include "client/load_options.hpp"
#include "client/metrics/metrics_server.hpp"
#include "client/report/load_result.hpp"

namespace weir::load {

/// Makes a run with several processes that share the connections, each with descriptors and threads of its own, and
/// merges what they found. They begin together once the connections of all of them stand.
///
///     this process ── begin, interrupt ──▶ child × N      (a socket pair each, a line of JSON a message)
///                  ◀── progress, report ──
///
/// A child ends when this process does. Throws std::runtime_error when there can be no run, or a child fails. Call it
/// once, from the main thread, before there are others. Starts the server of the metrics, where there is one, when the
/// children are there: they must not answer in its place.
LoadResult run_processes(const LoadOptions& options, MetricsServer* metrics = nullptr);

}  // namespace weir::load
