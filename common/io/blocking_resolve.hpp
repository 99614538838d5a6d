#pragma once

#include <vector>

#include "common/endpoint.hpp"
#include "common/io/timer_wheel.hpp"

namespace weir::io {

/// resolve() of a target for a thread that has nothing else to do, within a time limit. Throws std::runtime_error that
/// names the host and the reason.
std::vector<Endpoint> resolve_until(const Address& address, Clock::time_point deadline);

}  // namespace weir::io
