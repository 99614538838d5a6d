#pragma once

#include <prometheus/metric_family.h>

#include <string>
#include <string_view>
#include <vector>

#include "server/observe/distribution.hpp"

namespace weir {

using MetricLabels = std::vector<prometheus::ClientMetric::Label>;

/// A family without series yet. A counter's name ends in `_total`, and a gauge whose name ends in `_info` is always 1.
prometheus::MetricFamily counter_family(std::string name, std::string help);
prometheus::MetricFamily gauge_family(std::string name, std::string help);
prometheus::MetricFamily histogram_family(std::string name, std::string help);

/// A label whose value is fit for any parser: what is no UTF-8 in it, as a file's name may have, becomes U+FFFD.
prometheus::ClientMetric::Label metric_label(std::string name, std::string_view value);

/// Adds a series to a counter or gauge.
void add_series(prometheus::MetricFamily& family, MetricLabels labels, double value);
/// Adds a series to a histogram. Nothing is added where nothing was measured yet and the bounds are not known.
void add_series(prometheus::MetricFamily& family, MetricLabels labels, const Distribution& distribution);

/// The labels and one more.
MetricLabels with_label(const MetricLabels& labels, std::string name, std::string_view value);

}  // namespace weir
