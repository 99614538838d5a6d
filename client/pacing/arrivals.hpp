#pragma once

#include <cstdint>

#include "common/io/timer_wheel.hpp"

namespace weir::load {

/// How requests of an open loop follow each other.
enum class ArrivalKind : std::uint8_t {
  uniform,  ///< at even distances
  poisson,  ///< independently of each other: gaps are exponentially distributed
};

/// A plan for a whole run: `rate` requests a second over `total` ranks (connections), from `begin` on.
struct ArrivalPlan {
  ArrivalKind kind = ArrivalKind::uniform;
  double rate = 1;  ///< a second, over all ranks
  std::uint32_t total = 1;
  io::Clock::time_point begin;
  std::uint64_t seed = 1;
};

/// When the requests of some of a plan's ranks are due, one after the other. Every time follows from the plan
/// alone and never from when a request was sent, so that whatever holds one up shifts none that follow.
///
/// Uniform: request k of rank i is due at begin + (i + k × total) / rate: the ranks of a plan take turns, and together
/// they have exactly rate × time. Poisson: the ranks have exponential gaps whose mean is total / (rate × ranks), by
/// inversion from a seed; processes of several ranks add up to one (the superposition of Poisson processes is one).
class Arrivals {
 public:
  /// Those of `count` ranks from `first` on.
  Arrivals(const ArrivalPlan& plan, std::uint32_t first, std::uint32_t count);

  io::Clock::time_point due() const { return due_; }
  void next();

 private:
  void step();

  ArrivalPlan plan_;
  std::uint32_t first_;
  std::uint32_t count_;
  std::uint64_t number_ = 0;
  double elapsed_ = 0;  ///< seconds since the begin; poisson
  io::Clock::time_point due_;
};

}  // namespace weir::load
