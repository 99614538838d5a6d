#pragma once

#include <prometheus/metric_family.h>

#include <string>
#include <vector>

namespace weir {

/// The families as OpenMetrics 1.0 text (https://prometheus.io/docs/specs/om/open_metrics_spec/): a counter's family
/// goes without the `_total` of its samples, a gauge `…_info` becomes an info metric, and the unit that a name ends in
/// is named.
std::string to_open_metrics(const std::vector<prometheus::MetricFamily>& families);

}  // namespace weir
