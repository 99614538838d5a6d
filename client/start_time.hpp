#pragma once

#include <chrono>
#include <string>

namespace weir::load {

/// When a run is to begin: RFC 3339 (`2026-11-27T12:00:00Z`, `...T13:00:00.5+01:00`), or a time of today's local clock
/// (`12:00:00`). Throws std::invalid_argument.
std::chrono::system_clock::time_point parse_start(const std::string& text);

}  // namespace weir::load
