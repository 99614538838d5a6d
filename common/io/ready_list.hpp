#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace weir::io {

/// Room for `size` elements, made so that growing one by one moves each but a few times. Throws std::bad_alloc.
template <typename T>
void make_room(std::vector<T>& elements, std::size_t size) {
  if (elements.capacity() < size) elements.reserve(std::max(size, 2 * elements.capacity()));
}

/// Slots that are to run, by their index, first in, first out. One thread only.
class ReadyList {
 public:
  /// From now on so many may stand in it without an allocation. Throws std::bad_alloc.
  void make_room_for(std::size_t slots) { make_room(slots_, slots + kMostDone); }

  bool empty() const { return head_ == slots_.size(); }
  std::size_t size() const { return slots_.size() - head_; }
  void push(std::uint32_t slot) { slots_.push_back(slot); }
  /// There must be one.
  std::uint32_t pop() {
    const std::uint32_t slot = slots_[head_++];
    if (head_ == slots_.size()) {
      slots_.clear();
      head_ = 0;
    } else if (head_ == kMostDone) {
      slots_.erase(slots_.begin(), slots_.begin() + static_cast<std::ptrdiff_t>(kMostDone));
      head_ = 0;
    }
    return slot;
  }

 private:
  /// How many that had their turn may stand before those that wait for theirs.
  static constexpr std::size_t kMostDone = 4096;

  std::vector<std::uint32_t> slots_;
  std::size_t head_ = 0;
};

}  // namespace weir::io
