#pragma once

#include <prometheus/metric_family.h>

#include <vector>

#include "server/observe/snapshot.hpp"

namespace weir {

/// The metrics of the process, its workers and its configuration.
std::vector<prometheus::MetricFamily> daemon_metrics(const ServerSnapshot& snapshot);

}  // namespace weir
