#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>

namespace weir {

/// When connections that are idle are closed in the last part of a drain: each at a time of its own, which its id alone
/// decides. Ids that follow one another are spread evenly. A value.
class DrainSpread {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// The last `length`, which is not 0, before `end`.
  DrainSpread(Time end, std::chrono::milliseconds length) : begin_(end - length), length_(length) {}

  Time begin() const { return begin_; }
  Time turn_of(std::uint64_t id) const {
    // Multiples of the golden ratio, modulo 1, leave no gap and no cluster (Knuth, The Art of Computer Programming,
    // volume 3, section 6.4, theorem S).
    constexpr std::uint64_t kGoldenRatio = 0x9e3779b97f4a7c15;
    const double place =
        std::ldexp(static_cast<double>(id * kGoldenRatio), -std::numeric_limits<std::uint64_t>::digits);
    return begin_ +
           std::chrono::duration_cast<Time::duration>(place * std::chrono::duration<double, std::milli>(length_));
  }

  /// How often to look for those whose turn has come.
  std::chrono::milliseconds pause() const {
    return std::clamp(length_ / 100, std::chrono::milliseconds(20), std::chrono::milliseconds(500));
  }

 private:
  Time begin_;
  std::chrono::milliseconds length_;
};

}  // namespace weir
