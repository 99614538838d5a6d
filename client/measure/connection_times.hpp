#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace weir::load {

/// The response times of one connection, in a kilobyte: enough for its percentiles, where a Histogram for each of
/// thousands of connections would be too much.
///
/// Log-linear as a Histogram is, but coarser: in steps of 256 ns up to 4 us, above that eight for each power of two. A
/// percentile is the middle of its bucket and so off by a sixteenth at most (by 128 ns below 2 us). Times above 73
/// minutes count as that long. Recording never allocates and is a few instructions.
class ConnectionTimes {
 public:
  using Nanoseconds = std::chrono::nanoseconds;

  static constexpr std::size_t kBuckets = 256;
  /// So many connections of a run have theirs at most: eight megabytes.
  static constexpr std::uint32_t kMostConnections = 8192;
  /// Of so many connections of a run, over all its threads and processes, those have one whose number this divides.
  static constexpr std::uint32_t sampled_every(std::uint32_t connections) {
    return std::max(1U, connections / kMostConnections + (connections % kMostConnections == 0 ? 0 : 1));
  }

  /// Negative durations, which only a broken clock gives, count as zero.
  void record(Nanoseconds time) { ++counts_[index_of(time)]; }

  std::uint64_t count() const;
  /// The time that `percent` of all times did not exceed, as well as it is known. Zero when nothing was recorded.
  Nanoseconds percentile(double percent) const;

 private:
  static constexpr int kUnitBits = 8;
  static constexpr std::uint64_t kLinear = 16;  ///< buckets of one unit
  static constexpr std::uint64_t kMost = (std::uint64_t{1} << 34) - 1;

  static std::size_t index_of(Nanoseconds time) {
    const std::uint64_t ns = time.count() > 0 ? static_cast<std::uint64_t>(time.count()) : 0;
    const std::uint64_t units = std::min(ns >> kUnitBits, kMost);
    // The shift that leaves four bits; in the linear part it is zero.
    const int shift = 60 - __builtin_clzll(units | (kLinear - 1));
    return static_cast<std::size_t>(shift) * (kLinear / 2) + static_cast<std::size_t>(units >> shift);
  }
  static Nanoseconds middle_of(std::size_t index);

  std::array<std::uint32_t, kBuckets> counts_{};
};

}  // namespace weir::load
