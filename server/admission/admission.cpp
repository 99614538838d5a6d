#include "server/admission/admission.hpp"

namespace weir {

Admission::Entry Admission::enter(io::Clock::time_point now) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const std::uint64_t id = ++last_id_;
  if (totals_.active >= limit_) return {id, SessionEnd::refused_limit};
  if (!bucket_.admit(rate_, now)) return {id, SessionEnd::refused_rate};
  ++totals_.active;
  return {id, std::nullopt};
}

void Admission::set_limits(std::uint64_t limit, const Rate& rate) {
  const std::lock_guard<std::mutex> lock(mutex_);
  limit_ = limit;
  rate_ = rate;
}

void Admission::withdraw() {
  const std::lock_guard<std::mutex> lock(mutex_);
  --totals_.active;
}

std::uint64_t Admission::next_id() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return ++last_id_;
}

void Admission::leave(bool cut) {
  const std::lock_guard<std::mutex> lock(mutex_);
  --totals_.active;
  if (!draining_) return;
  if (cut) {
    ++totals_.cut;
  } else {
    ++totals_.ended;
  }
}

void Admission::begin_drain() {
  const std::lock_guard<std::mutex> lock(mutex_);
  draining_ = true;
}

void Admission::end_drain() {
  const std::lock_guard<std::mutex> lock(mutex_);
  draining_ = false;
}

Admission::Totals Admission::totals() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return totals_;
}

}  // namespace weir
