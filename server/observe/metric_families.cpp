#include "server/observe/metric_families.hpp"

#include <algorithm>
#include <utility>

#include "server/observe/daemon_metrics.hpp"
#include "server/observe/fault_metrics.hpp"
#include "server/observe/listener_metrics.hpp"
#include "server/observe/tls_metrics.hpp"
#include "server/observe/upstream_metrics.hpp"

namespace weir {

std::vector<prometheus::MetricFamily> metric_families(const ServerSnapshot& snapshot) {
  std::vector<prometheus::MetricFamily> families;
  for (auto part : {daemon_metrics(snapshot), listener_metrics(snapshot), upstream_metrics(snapshot),
                    tls_metrics(snapshot), fault_metrics(snapshot)}) {
    std::move(part.begin(), part.end(), std::back_inserter(families));
  }
  std::erase_if(families, [](const prometheus::MetricFamily& family) { return family.metric.empty(); });
  return families;
}

}  // namespace weir
