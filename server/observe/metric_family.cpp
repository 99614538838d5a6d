#include "server/observe/metric_family.hpp"

#include <utility>

namespace weir {

void add_series(prometheus::MetricFamily& family, MetricLabels labels, const Distribution& distribution) {
  if (distribution.counts.empty()) return;
  add_series(family, std::move(labels), distribution.bounds, distribution.counts, distribution.sum);
}

}  // namespace weir
