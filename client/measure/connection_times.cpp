#include "client/measure/connection_times.hpp"

#include <cmath>
#include <numeric>

namespace weir::load {

std::uint64_t ConnectionTimes::count() const {
  return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0});
}

ConnectionTimes::Nanoseconds ConnectionTimes::middle_of(std::size_t index) {
  const std::size_t shift = index < kLinear ? 0 : index / (kLinear / 2) - 1;
  const std::uint64_t lowest = static_cast<std::uint64_t>(index - shift * (kLinear / 2)) << (shift + kUnitBits);
  const std::uint64_t width = std::uint64_t{1} << (shift + kUnitBits);
  return Nanoseconds(static_cast<std::int64_t>(lowest + width / 2));
}

ConnectionTimes::Nanoseconds ConnectionTimes::percentile(double percent) const {
  const std::uint64_t all = count();
  if (all == 0) return Nanoseconds(0);
  const double exact = percent / 100.0 * static_cast<double>(all);
  // A hair is taken off, so that 99 % of 1000 is 990 whatever the binary fraction says.
  const auto rank = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(std::ceil(exact - exact * 1e-12)), 1, all);
  std::uint64_t seen = 0;
  std::size_t index = 0;
  while (seen + counts_[index] < rank) seen += counts_[index++];
  return middle_of(index);
}

}  // namespace weir::load
