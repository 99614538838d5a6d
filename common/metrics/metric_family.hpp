#pragma once

#include <prometheus/metric_family.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

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
/// Adds a series to a histogram. `bounds` are ascending, in seconds as `sum` is; `counts` are those of each bucket
/// alone, and one more for what is beyond all bounds.
void add_series(prometheus::MetricFamily& family, MetricLabels labels, std::span<const double> bounds,
                std::span<const std::uint64_t> counts, double sum);

/// The labels and one more.
MetricLabels with_label(const MetricLabels& labels, std::string name, std::string_view value);

/// What `Content-Type` says of Prometheus' text format.
inline constexpr const char* kPrometheusTextType = "text/plain; version=0.0.4; charset=utf-8";

/// The families in that format.
std::string to_prometheus_text(const std::vector<prometheus::MetricFamily>& families);

}  // namespace weir
