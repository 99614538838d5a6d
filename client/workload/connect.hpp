#pragma once

#include <cstdint>

#include "common/net.hpp"

namespace weir::load {

class WorkerContext;

/// One of the connect workload's concurrent cycles: connect, one request and reply (unless told otherwise), close, and
/// again, until the run ends.
net::awaitable<void> churn(WorkerContext& worker, std::uint32_t index);

}  // namespace weir::load
