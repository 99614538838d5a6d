#pragma once

#include "client/stream/stream_options.hpp"
#include "client/stream/stream_summary.hpp"

namespace weir::load {

/// Makes a run of streams: opens them, warms up, measures, half-closes each and waits for its far end. SIGINT and
/// SIGTERM end it early, with a result; a second one ends the process with status 1. Reports its progress on stderr.
/// Throws std::runtime_error when there can be no run. Call it once, from the main thread.
StreamSummary run_streams(const StreamOptions& options);

}  // namespace weir::load
