#pragma once

#include <cstdint>

#include "common/net.hpp"

namespace weir::load {

class WorkerContext;

/// The life of one connection of the echo workload: opened, waits for the start, then sends a request, checks the whole
/// reply and sends the next, until the run ends. One that fails is counted and opened anew.
net::awaitable<void> echo_connection(WorkerContext& worker, std::uint32_t index);

}  // namespace weir::load
