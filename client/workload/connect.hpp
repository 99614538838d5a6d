#pragma once

#include <cstdint>
#include <functional>

#include "common/net.hpp"

namespace weir::load {

class WorkerContext;

/// One slot of the connect workload: connects, makes one exchange, closes, and again until the run ends. In an open
/// loop it takes the next connection that is due whenever it is free.
net::awaitable<void> churn(WorkerContext& worker, std::uint32_t index);

/// Starts a coroutine on the worker's loop.
using Spawn = std::function<void(net::awaitable<void>)>;

/// Connections that come at a rate of their own while others work, and make one request each: their first reply's time
/// is what somebody waits who arrives now.
net::awaitable<void> newcomers(WorkerContext& worker, Spawn spawn);

}  // namespace weir::load
