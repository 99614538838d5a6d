#include "client/pacing/arrivals.hpp"

#include <chrono>
#include <cmath>

#include "common/stable_hash.hpp"

namespace weir::load {

Arrivals::Arrivals(const ArrivalPlan& plan, std::uint32_t first, std::uint32_t count)
    : plan_(plan), first_(first), count_(count) {
  plan_.seed = mix(plan.seed ^ mix(first + std::uint64_t{1}));
  step();
}

void Arrivals::next() {
  ++number_;
  step();
}

void Arrivals::step() {
  if (plan_.kind == ArrivalKind::uniform) {
    const std::uint64_t turn = first_ + number_ % count_ + number_ / count_ * plan_.total;
    elapsed_ = static_cast<double>(turn) / plan_.rate;
  } else {
    // In (0, 1]: 53 bits, and never 0.
    const double uniform = static_cast<double>((mix(plan_.seed + number_) >> 11) + 1) * 0x1p-53;
    elapsed_ -= std::log(uniform) * plan_.total / (plan_.rate * count_);
  }
  due_ = plan_.begin + std::chrono::duration_cast<io::Clock::duration>(std::chrono::duration<double>(elapsed_));
}

}  // namespace weir::load
