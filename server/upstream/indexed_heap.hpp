#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace weir {

/// A binary heap of the numbers from 0 on, each of which it can find, so that one whose key changed is moved and one in
/// the middle is taken out. Allocates in its constructor alone, so that nothing fails under a mutex. Each call takes
/// logarithmic time, and top() constant time.
///
/// `comes_first(a, b)` says which of two numbers stands nearer to the top; the keys are the caller's.
class IndexedHeap {
 public:
  explicit IndexedHeap(std::size_t numbers) : place_(numbers, kNowhere) { order_.reserve(numbers); }

  bool empty() const { return order_.empty(); }
  std::size_t size() const { return order_.size(); }
  bool contains(std::size_t number) const { return place_[number] != kNowhere; }
  /// Of a heap that is not empty.
  std::size_t top() const { return order_.front(); }

  /// A number that is not in it.
  template <typename Less>
  void push(std::size_t number, const Less& comes_first) {
    place_[number] = static_cast<std::uint32_t>(order_.size());
    order_.push_back(static_cast<std::uint32_t>(number));
    rise(place_[number], comes_first);
  }

  /// The key of a number that is in it has changed.
  template <typename Less>
  void update(std::size_t number, const Less& comes_first) {
    sink(rise(place_[number], comes_first), comes_first);
  }

  /// Nothing happens where it is not in it.
  template <typename Less>
  void erase(std::size_t number, const Less& comes_first) {
    const std::uint32_t place = std::exchange(place_[number], kNowhere);
    if (place == kNowhere) return;
    const std::uint32_t last = order_.back();
    order_.pop_back();
    if (last == number) return;
    order_[place] = last;
    place_[last] = place;
    update(last, comes_first);
  }

 private:
  static constexpr std::uint32_t kNowhere = ~std::uint32_t{0};

  void swap(std::size_t a, std::size_t b) {
    std::swap(order_[a], order_[b]);
    place_[order_[a]] = static_cast<std::uint32_t>(a);
    place_[order_[b]] = static_cast<std::uint32_t>(b);
  }

  template <typename Less>
  std::size_t rise(std::size_t at, const Less& comes_first) {
    while (at > 0 && comes_first(order_[at], order_[(at - 1) / 2])) {
      swap(at, (at - 1) / 2);
      at = (at - 1) / 2;
    }
    return at;
  }

  template <typename Less>
  void sink(std::size_t at, const Less& comes_first) {
    for (;;) {
      std::size_t first = at;
      for (std::size_t child = 2 * at + 1; child <= 2 * at + 2 && child < order_.size(); ++child) {
        if (comes_first(order_[child], order_[first])) first = child;
      }
      if (first == at) return;
      swap(at, first);
      at = first;
    }
  }

  std::vector<std::uint32_t> order_;
  std::vector<std::uint32_t> place_;  ///< of each number in order_
};

}  // namespace weir
