#include "server/observe/metrics_text.hpp"

#include "common/metrics/metric_family.hpp"
#include "server/observe/metric_families.hpp"
#include "server/observe/open_metrics.hpp"

namespace weir {

std::string render_metrics(const ServerSnapshot& snapshot, bool open_metrics) {
  const std::vector<prometheus::MetricFamily> families = metric_families(snapshot);
  return open_metrics ? to_open_metrics(families) : to_prometheus_text(families);
}

}  // namespace weir
