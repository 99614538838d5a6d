#pragma once

#include <chrono>
#include <cstddef>
#include <utility>

#include "common/io/timer_wheel.hpp"

namespace weir {

/// Whether a worker has sessions that carry and began more than a moment ago: whoever comes, says what it has to say
/// and leaves is none of them. The worker's thread only.
///
///     settled_ | recent_ | young_      by when they began
///          before_     edge_       now
class Established {
 public:
  using Time = io::Clock::time_point;

  /// A session that began then carries from now on. Call leave() with the same time, once.
  void enter(Time began, Time now) {
    move_edges(now);
    ++count_of(began);
  }
  void leave(Time began, Time now) {
    move_edges(now);
    --count_of(began);
  }
  /// Whether there is one that began more than a moment ago; it may be three moments before one is seen.
  bool any(Time now) {
    move_edges(now);
    return settled_ > 0;
  }

  static constexpr std::chrono::seconds kMoment{1};

 private:
  std::size_t& count_of(Time began) { return began < before_ ? settled_ : began < edge_ ? recent_ : young_; }

  void move_edges(Time now) {
    // Nobody entered within the moment before now, or else the edge would stand there.
    if (now - edge_ >= 2 * kMoment) move_edge(now - kMoment);
    if (now - edge_ >= kMoment) move_edge(now + Time::duration{1});  // behind those that begin in this turn
  }
  void move_edge(Time to) {
    settled_ += std::exchange(recent_, std::exchange(young_, 0));
    before_ = std::exchange(edge_, to);
  }

  Time before_{};
  Time edge_{};
  std::size_t settled_ = 0;
  std::size_t recent_ = 0;
  std::size_t young_ = 0;
};

}  // namespace weir
