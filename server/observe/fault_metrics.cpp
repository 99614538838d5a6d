#include "server/observe/fault_metrics.hpp"

#include <utility>

#include "server/observe/metric_family.hpp"

namespace weir {

std::vector<prometheus::MetricFamily> fault_metrics(const ServerSnapshot& snapshot) {
  prometheus::MetricFamily active = gauge_family("weir_faults_active", "Faults that are on.");
  prometheus::MetricFamily applied =
      counter_family("weir_faults_applied_total", "Times that a connection met a fault, by the fault's kind.");
  for (const ListenerSnapshot& listener : snapshot.listeners) {
    if (!listener.faults) continue;
    const MetricLabels labels{metric_label("listener", listener.name)};
    add_series(active, labels, static_cast<double>(listener.faults->active));
    for (const auto& [kind, count] : listener.faults->met) {
      add_series(applied, with_label(labels, "kind", kind), static_cast<double>(count));
    }
  }
  return {std::move(active), std::move(applied)};
}

}  // namespace weir
