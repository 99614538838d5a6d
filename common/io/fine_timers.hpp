#pragma once

#include <algorithm>
#include <functional>
#include <vector>

#include "common/io/timer_wheel.hpp"

namespace weir::io {

/// Deadlines that may not be as late as those of the wheel: a heap, for the few that need one. `Who` says whose a
/// deadline is. One that is not wanted any more is not taken out: whoever is called looks at the clock. One thread
/// only.
template <typename Who>
class FineTimers {
 public:
  bool empty() const { return heap_.empty(); }
  /// The earliest deadline. There must be one.
  Clock::time_point next() const { return heap_.front().due; }

  /// Throws std::bad_alloc.
  void add(Clock::time_point due, Who who) {
    heap_.push_back({due, who});
    std::push_heap(heap_.begin(), heap_.end(), std::greater<>{});
  }

  /// Calls `fire(who, due)` for each deadline that has come by `now`, the earliest first. It must not add any.
  template <typename Fire>
  void advance(Clock::time_point now, Fire&& fire) {
    while (!heap_.empty() && heap_.front().due <= now) {
      const Entry entry = heap_.front();
      std::pop_heap(heap_.begin(), heap_.end(), std::greater<>{});
      heap_.pop_back();
      fire(entry.who, entry.due);
    }
  }

 private:
  struct Entry {
    Clock::time_point due;
    Who who;

    bool operator>(const Entry& other) const { return due > other.due; }
  };

  std::vector<Entry> heap_;
};

}  // namespace weir::io
