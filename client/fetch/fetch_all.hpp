#pragma once

#include "client/fetch/fetch_options.hpp"

namespace weir::load {

/// Fetches all URLs, so many at once, on the calling thread: a line as each completes, and at the end the summary. Both
/// go to stdout, or to stderr where stdout takes bodies or results. SIGINT and SIGTERM end it early, a second one at
/// once. Returns the exit status: 0, or 1 when more failed than allowed, or not all were done. Throws
/// std::runtime_error when it cannot begin.
int fetch_all(const FetchOptions& options);

}  // namespace weir::load
