#pragma once

#include <prometheus/metric_family.h>

#include <vector>

#include "server/observe/snapshot.hpp"

namespace weir {

/// The metrics of each listener.
std::vector<prometheus::MetricFamily> listener_metrics(const ServerSnapshot& snapshot);

}  // namespace weir
