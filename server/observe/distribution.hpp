#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "server/observe/counter.hpp"

namespace weir {

/// How long things took: a histogram with fixed bounds, as metrics show it. A value.
struct Distribution {
  std::span<const double> bounds;     ///< in seconds, ascending; of static storage
  std::vector<std::uint64_t> counts;  ///< of each bucket alone, not cumulative; the last one is beyond all bounds
  double sum = 0;                     ///< in seconds

  std::uint64_t count() const;
  void add(const Distribution& other);
  /// An upper bound of the quantile (0 to 1): the bound of the bucket that it falls into, in seconds; 0 where nothing
  /// was counted, infinity where it is beyond all bounds.
  double quantile(double q) const;
};

/// How long a connection lives.
inline constexpr std::array kDurationBounds{0.001, 0.005, 0.01, 0.05, 0.1,  0.5,   1.0,   5.0,
                                            10.0,  30.0,  60.0, 300., 900., 3600., 14400.};
/// How long a connect takes, or a wait in a queue.
inline constexpr std::array kWaitBounds{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                        0.05,   0.1,     0.25,   0.5,   1.0,    2.5,   5.0,  10.0};

/// Counts into the buckets of `Bounds`. Written by one thread, read by any.
template <const auto& Bounds>
class DistributionCounts {
 public:
  using Time = std::chrono::microseconds;

  void add(Time time) {
    const double seconds = std::chrono::duration<double>(time).count();
    const auto at = std::lower_bound(Bounds.begin(), Bounds.end(), seconds) - Bounds.begin();
    counts_[static_cast<std::size_t>(at)].add();
    sum_.add(static_cast<std::uint64_t>(std::max<Time::rep>(time.count(), 0)));
  }

  void add_to(Distribution& total) const {
    total.bounds = Bounds;
    total.counts.resize(counts_.size());
    for (std::size_t i = 0; i < counts_.size(); ++i) total.counts[i] += counts_[i].get();
    total.sum += std::chrono::duration<double>(Time(sum_.get())).count();
  }

 private:
  std::array<Counter, Bounds.size() + 1> counts_;
  Counter sum_;  ///< in microseconds
};

}  // namespace weir
