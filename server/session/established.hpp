#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "common/io/timer_wheel.hpp"

namespace weir {

/// Whether a worker has sessions that have carried for more than a moment: whoever comes, says what it has to say and
/// leaves is none of them. The worker's thread only.
///
///     settled_ | recent_ | young_      by when they began to carry, between edges that are a moment apart or more
class Established {
 public:
  using Time = io::Clock::time_point;
  /// When a session entered; zero for none.
  using Mark = std::uint32_t;

  /// A session carries from now on. Call leave() with what this returns, once.
  Mark enter(Time now) {
    move_edges(now);
    ++young_;
    return edges_;
  }
  void leave(Mark entered, Time now) {
    move_edges(now);
    --(entered == edges_ ? young_ : entered + 1 == edges_ ? recent_ : settled_);
  }
  /// Whether there is one that has carried for a moment; it may be three moments before one is seen.
  bool any(Time now) {
    move_edges(now);
    return settled_ > 0;
  }

  static constexpr std::chrono::milliseconds kMoment{250};

 private:
  void move_edges(Time now) {
    if (now - edge_ < kMoment) return;
    // Where nobody has asked for two moments, nobody entered in the last of them: the young ones are old enough.
    if (now - edge_ >= 2 * kMoment) move_edge();
    move_edge();
    edge_ = now;
  }
  void move_edge() {
    settled_ += std::exchange(recent_, std::exchange(young_, 0));
    ++edges_;
  }

  Time edge_{};
  Mark edges_ = 1;  ///< how often an edge was moved; after 2^32 times, more than 30 years, a mark may be zero
  std::size_t settled_ = 0;
  std::size_t recent_ = 0;
  std::size_t young_ = 0;
};

}  // namespace weir
