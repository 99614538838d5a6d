#pragma once

#include <prometheus/metric_family.h>

#include <vector>

#include "server/observe/snapshot.hpp"

namespace weir {

/// Every metric that docs/metrics.md describes and for which the snapshot has a series. Each series is unique: backends
/// of one address, such as one that left and came back, are one. No label holds anything that a client chose.
std::vector<prometheus::MetricFamily> metric_families(const ServerSnapshot& snapshot);

}  // namespace weir
