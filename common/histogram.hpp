#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

namespace weir {

/// Counts durations so that every percentile is right to three significant digits, from nanoseconds up to an hour.
///
/// Log-linear as in HdrHistogram (Gil Tene, hdrhistogram.org): values below 2048 ns have a bucket each, above that each
/// power of two is cut into 1024 buckets, so a bucket is never wider than 1/1024 of its values. The memory is fixed
/// (kMemory) and reserved at construction: recording never allocates and is a few instructions. The kernel backs only
/// the pages that are recorded into, and everything here looks only at the buckets between the least and the greatest
/// value, so that many narrow histograms cost little. Longer values are counted in above_range(), and still in count(),
/// sum() and max(), so that none is clipped in silence. One thread at a time; each thread has its own and they are
/// merged at the end.
class Histogram {
 public:
  using Nanoseconds = std::chrono::nanoseconds;

  static constexpr Nanoseconds kHighest = std::chrono::hours(1);
  static constexpr std::size_t kSubBuckets = 2048;
  static constexpr std::size_t kBuckets = 33 * kSubBuckets / 2;
  static constexpr std::size_t kMemory = kBuckets * sizeof(std::uint64_t);

  /// A bucket that holds something: its lowest value and how many.
  struct Bucket {
    Nanoseconds lowest;
    std::uint64_t count;
    bool operator==(const Bucket&) const = default;
  };

  Histogram();
  Histogram(const Histogram& other) : Histogram() { merge(other); }
  Histogram& operator=(const Histogram& other);
  Histogram(Histogram&&) = default;
  Histogram& operator=(Histogram&&) = default;

  /// Negative durations, which only a broken clock gives, count as zero.
  void record(Nanoseconds value) {
    const std::uint64_t ns = value.count() > 0 ? static_cast<std::uint64_t>(value.count()) : 0;
    ++count_;
    sum_ += ns;
    if (ns > max_) max_ = ns;
    if (ns < min_) min_ = ns;
    if (ns <= kLimit) {
      ++counts_[index_of(ns)];
    } else {
      ++above_;
    }
  }

  void merge(const Histogram& other);
  /// As if nothing had been recorded.
  void clear();

  std::uint64_t count() const { return count_; }
  std::uint64_t above_range() const { return above_; }
  /// Exact, not a bucket's. Zero when nothing was recorded.
  Nanoseconds min() const { return Nanoseconds(count_ == 0 ? 0 : static_cast<std::int64_t>(min_)); }
  Nanoseconds max() const { return Nanoseconds(static_cast<std::int64_t>(max_)); }
  Nanoseconds sum() const { return Nanoseconds(static_cast<std::int64_t>(sum_)); }
  Nanoseconds mean() const { return Nanoseconds(count_ == 0 ? 0 : static_cast<std::int64_t>(sum_ / count_)); }

  /// The value that `percent` of all values do not exceed: the highest one of the bucket where the rank
  /// ceil(percent/100 × count) falls, never more than max(). Zero when nothing was recorded.
  Nanoseconds percentile(double percent) const;

  /// Every bucket that holds something, in order: with above_range(), min, max and sum, all that is known.
  std::vector<Bucket> buckets() const;
  /// Puts an exported bucket back.
  void add(const Bucket& bucket);
  /// Restores what the buckets alone do not say. Call it after the buckets were added.
  void restore(std::uint64_t above_range, Nanoseconds min, Nanoseconds max, Nanoseconds sum);

  /// The highest value that falls into the same bucket.
  static Nanoseconds highest_equivalent(Nanoseconds value);

 private:
  static std::size_t index_of(std::uint64_t ns) {
    // The shift that leaves eleven bits; below 2048 it is zero.
    const int shift = 53 - __builtin_clzll(ns | (kSubBuckets - 1));
    return (static_cast<std::size_t>(shift) << 10) + static_cast<std::size_t>(ns >> shift);
  }
  static std::uint64_t lowest_of(std::size_t index);
  static std::uint64_t width_of(std::size_t index);

  /// The buckets that may hold something: from the least to the greatest value within the range.
  std::size_t first() const { return count_ == 0 ? 0 : index_of(std::min(min_, kLimit)); }
  std::size_t last() const { return count_ == 0 ? 0 : index_of(std::min(max_, kLimit)) + 1; }

  static constexpr auto kLimit = static_cast<std::uint64_t>(kHighest.count());

  struct Free {
    void operator()(std::uint64_t* memory) const { std::free(memory); }
  };
  std::unique_ptr<std::uint64_t[], Free> counts_;
  std::uint64_t count_ = 0;
  std::uint64_t above_ = 0;
  std::uint64_t sum_ = 0;
  std::uint64_t max_ = 0;
  std::uint64_t min_ = ~std::uint64_t{0};
};

}  // namespace weir
