#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <vector>

namespace weir::bench {

using Clock = std::chrono::steady_clock;

/// Every latency of a run as it was, so that percentiles are exact; four bytes each, at most 4.29 s.
class Latencies {
 public:
  explicit Latencies(std::size_t expected) { all_.reserve(expected); }

  void record(Clock::duration taken) {
    const auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(taken).count();
    all_.push_back(static_cast<std::uint32_t>(std::clamp<std::int64_t>(ns, 0, UINT32_MAX)));
  }

  /// Prints `"p50_us": …, "p99_us": …, "p999_us": …, "max_us": …`.
  void print_json() {
    std::sort(all_.begin(), all_.end());
    std::printf("\"p50_us\": %.1f, \"p99_us\": %.1f, \"p999_us\": %.1f, \"max_us\": %.1f", microseconds(0.5),
                microseconds(0.99), microseconds(0.999), microseconds(1));
  }

 private:
  /// The value that this share of all did not exceed.
  double microseconds(double share) const {
    if (all_.empty()) return 0;
    const auto rank = static_cast<std::size_t>(share * static_cast<double>(all_.size()) + 0.999999);
    return all_[std::clamp<std::size_t>(rank, 1, all_.size()) - 1] / 1e3;
  }

  std::vector<std::uint32_t> all_;
};

}  // namespace weir::bench
