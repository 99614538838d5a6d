#pragma once

#include "common/metrics/metric_family.hpp"
#include "server/observe/distribution.hpp"

namespace weir {

/// Adds a series to a histogram. Nothing is added where nothing was measured yet and the bounds are not known.
void add_series(prometheus::MetricFamily& family, MetricLabels labels, const Distribution& distribution);

}  // namespace weir
