#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>

namespace weir::load {

/// CPU time that all threads of a process have used since it started (utime and stime of proc(5)), to the
/// hundredth of a second. Throws std::runtime_error when there is no such process.
std::chrono::nanoseconds cpu_time_of(std::int64_t pid);

/// Of several together.
std::chrono::nanoseconds cpu_time_of(std::span<const std::int64_t> pids);

/// The name of a process's program, `weir`; `PID 12` where it is not known.
std::string process_name(std::int64_t pid);

}  // namespace weir::load
