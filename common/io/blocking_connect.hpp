#pragma once

#include <functional>

#include "common/endpoint.hpp"
#include "common/io/stream.hpp"
#include "common/io/timer_wheel.hpp"

namespace weir::io {

/// Connects for a thread that has nothing else to do: the socket, non-blocking, and 0, or an errno, which is ETIMEDOUT
/// when it took longer than `deadline`. `prepare` is start_connect()'s. Waits for a unix socket whose queue is
/// full, and refuses a connection that came to itself.
ConnectStart connect_until(
    const Endpoint& target, Clock::time_point deadline, const std::function<int(int)>& prepare = [](int) { return 0; });

}  // namespace weir::io
