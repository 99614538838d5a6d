#include "common/histogram.hpp"

#include <algorithm>
#include <cmath>
#include <new>

namespace weir {

namespace {

constexpr std::size_t kHalf = Histogram::kSubBuckets / 2;

}  // namespace

std::uint64_t Histogram::lowest_of(std::size_t index) {
  if (index < kSubBuckets) return index;
  const std::size_t shift = index / kHalf - 1;
  return static_cast<std::uint64_t>(index - shift * kHalf) << shift;
}

std::uint64_t Histogram::width_of(std::size_t index) {
  return index < kSubBuckets ? 1 : std::uint64_t{1} << (index / kHalf - 1);
}

Histogram::Nanoseconds Histogram::highest_equivalent(Nanoseconds value) {
  const std::size_t index = index_of(static_cast<std::uint64_t>(value.count()));
  return Nanoseconds(static_cast<std::int64_t>(lowest_of(index) + width_of(index) - 1));
}

Histogram::Histogram() : counts_(static_cast<std::uint64_t*>(std::calloc(kBuckets, sizeof(std::uint64_t)))) {
  if (!counts_) throw std::bad_alloc();
}

Histogram& Histogram::operator=(const Histogram& other) {
  if (this == &other) return *this;
  clear();
  merge(other);
  return *this;
}

void Histogram::merge(const Histogram& other) {
  for (std::size_t i = other.first(); i < other.last(); ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  above_ += other.above_;
  sum_ += other.sum_;
  max_ = std::max(max_, other.max_);
  min_ = std::min(min_, other.min_);
}

void Histogram::clear() {
  std::fill(&counts_[first()], &counts_[last()], std::uint64_t{0});
  count_ = above_ = sum_ = max_ = 0;
  min_ = ~std::uint64_t{0};
}

Histogram::Nanoseconds Histogram::percentile(double percent) const {
  if (count_ == 0) return Nanoseconds(0);
  const double exact = percent / 100.0 * static_cast<double>(count_);
  // A hair is taken off, so that 99.9 % of 1000 is 999 and not 1000 for want of a binary fraction.
  const auto rank = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(std::ceil(exact - exact * 1e-12)), 1, count_);
  std::uint64_t seen = 0;
  for (std::size_t i = first(); i < last(); ++i) {
    seen += counts_[i];
    if (seen >= rank) {
      return Nanoseconds(static_cast<std::int64_t>(std::clamp(lowest_of(i) + width_of(i) - 1, min_, max_)));
    }
  }
  return max();
}

std::vector<Histogram::Bucket> Histogram::buckets() const {
  std::vector<Bucket> result;
  for (std::size_t i = first(); i < last(); ++i) {
    if (counts_[i] != 0) result.push_back({Nanoseconds(static_cast<std::int64_t>(lowest_of(i))), counts_[i]});
  }
  return result;
}

void Histogram::add(const Bucket& bucket) {
  const std::size_t index = index_of(static_cast<std::uint64_t>(bucket.lowest.count()));
  counts_[index] += bucket.count;
  count_ += bucket.count;
  sum_ += bucket.count * lowest_of(index);
  max_ = std::max(max_, lowest_of(index) + width_of(index) - 1);
  min_ = std::min(min_, lowest_of(index));
}

void Histogram::restore(std::uint64_t above_range, Nanoseconds min, Nanoseconds max, Nanoseconds sum) {
  count_ += above_range - above_;
  above_ = above_range;
  if (count_ != 0) min_ = static_cast<std::uint64_t>(min.count());
  max_ = static_cast<std::uint64_t>(max.count());
  sum_ = static_cast<std::uint64_t>(sum.count());
}

}  // namespace weir
