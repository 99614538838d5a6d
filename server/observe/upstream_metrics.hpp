#pragma once

#include <prometheus/metric_family.h>

#include <vector>

#include "server/observe/snapshot.hpp"

namespace weir {

/// The metrics of each upstream and its backends.
std::vector<prometheus::MetricFamily> upstream_metrics(const ServerSnapshot& snapshot);

}  // namespace weir
