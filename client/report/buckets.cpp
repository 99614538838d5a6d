#include "client/report/buckets.hpp"

#include <algorithm>
#include <iterator>

namespace weir::load {

std::vector<Histogram::Bucket> merge_buckets(std::span<const Histogram::Bucket> a,
                                             std::span<const Histogram::Bucket> b) {
  std::vector<Histogram::Bucket> merged;
  merged.reserve(a.size() + b.size());
  std::merge(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(merged),
             [](const Histogram::Bucket& x, const Histogram::Bucket& y) { return x.lowest < y.lowest; });
  std::size_t kept = 0;
  for (std::size_t i = 0; i < merged.size(); ++i) {
    if (kept != 0 && merged[kept - 1].lowest == merged[i].lowest) {
      merged[kept - 1].count += merged[i].count;
    } else {
      merged[kept++] = merged[i];
    }
  }
  merged.resize(kept);
  return merged;
}

}  // namespace weir::load
