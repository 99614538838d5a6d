#pragma once

#include <prometheus/metric_family.h>

#include <vector>

#include "server/observe/snapshot.hpp"

namespace weir {

/// What is done to connections on purpose; empty families where the configuration allows no faults.
std::vector<prometheus::MetricFamily> fault_metrics(const ServerSnapshot& snapshot);

}  // namespace weir
