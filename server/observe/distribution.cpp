#include "server/observe/distribution.hpp"

#include <cmath>
#include <limits>
#include <numeric>

namespace weir {

std::uint64_t Distribution::count() const { return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}); }

void Distribution::add(const Distribution& other) {
  if (bounds.empty()) bounds = other.bounds;
  counts.resize(std::max(counts.size(), other.counts.size()));
  for (std::size_t i = 0; i < other.counts.size(); ++i) counts[i] += other.counts[i];
  sum += other.sum;
}

double Distribution::quantile(double q) const {
  const std::uint64_t all = count();
  if (all == 0) return 0;
  const auto rank = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(q * static_cast<double>(all))));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    seen += counts[i];
    if (seen >= rank) return bounds[i];
  }
  return std::numeric_limits<double>::infinity();
}

}  // namespace weir
