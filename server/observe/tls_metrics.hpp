#pragma once

#include <prometheus/metric_family.h>

#include <vector>

#include "server/observe/snapshot.hpp"

namespace weir {

/// The families of listeners, backends and certificates that have to do with TLS; those of a daemon without are empty.
std::vector<prometheus::MetricFamily> tls_metrics(const ServerSnapshot& snapshot);

}  // namespace weir
