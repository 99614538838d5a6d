#pragma once

#include "client/stream/stream_options.hpp"

namespace weir::load {

/// The far end of `weir-load stream`: listens until SIGINT or SIGTERM, checks what comes, and prints a line on stdout
/// as each stream ends. Says on stderr where it listens. Returns the exit status: 4 if a stream had a wrong byte.
/// Throws std::runtime_error when it cannot listen. Call it once, from the main thread.
int serve_streams(const StreamServeOptions& options);

}  // namespace weir::load
