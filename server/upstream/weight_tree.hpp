#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace weir {

/// Weights of the numbers from 0 on, one of which is picked at random in logarithmic time. A binary indexed tree
/// (Fenwick, "A New Data Structure for Cumulative Frequency Tables", 1994). Allocates in its constructor alone.
class WeightTree {
 public:
  explicit WeightTree(std::size_t numbers) : weights_(numbers, 0), sums_(numbers + 1, 0) {}

  std::uint64_t total() const { return total_; }

  void set(std::size_t number, std::uint32_t weight) {
    const std::uint64_t change = std::uint64_t{weight} - weights_[number];  // modulo 2^64, as are the sums
    weights_[number] = weight;
    total_ += change;
    for (std::size_t i = number + 1; i < sums_.size(); i += i & (~i + 1)) sums_[i] += change;
  }

  /// The number to whose weight `lot`, less than total(), falls where all weights stand in a row.
  std::size_t find(std::uint64_t lot) const {
    std::size_t at = 0;
    for (std::size_t step = std::bit_floor(sums_.size()); step > 0; step /= 2) {
      if (at + step >= sums_.size() || sums_[at + step] > lot) continue;
      at += step;
      lot -= sums_[at];
    }
    return at;
  }

 private:
  std::vector<std::uint32_t> weights_;
  std::vector<std::uint64_t> sums_;
  std::uint64_t total_ = 0;
};

}  // namespace weir
