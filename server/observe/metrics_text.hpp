#pragma once

#include <string>

#include "server/observe/snapshot.hpp"

namespace weir {

/// What `Content-Type` says of OpenMetrics.
inline constexpr const char* kOpenMetricsTextType = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The snapshot's metrics, which docs/metrics.md describes, in Prometheus' text format or as OpenMetrics. Takes some
/// microseconds a series.
std::string render_metrics(const ServerSnapshot& snapshot, bool open_metrics);

}  // namespace weir
