#pragma once

#include <stop_token>

#include "common/net.hpp"

namespace weir {

/// Runs a coroutine on the executor until it returns or a stop is requested. A stop cancels what it waits for, and its
/// next wait throws operation_aborted, which ends it. That takes a turn of the executor, so the coroutine must share
/// what it uses with whoever requests the stop. Any other exception leaves the executor's run().
///
/// On the executor's thread, or before it runs; so is the request.
void spawn_until(const std::stop_token& stop, const net::Executor& executor, net::awaitable<void> coroutine);

}  // namespace weir
