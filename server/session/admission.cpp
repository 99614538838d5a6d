#include "server/session/admission.hpp"

namespace weir {

Admission::Entry Admission::enter(std::uint32_t descriptors) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const std::uint64_t id = ++last_id_;
  if (totals_.active >= limits_.connections || descriptors_ + descriptors > limits_.descriptors) return {id, false};
  ++totals_.active;
  descriptors_ += descriptors;
  return {id, true};
}

std::uint64_t Admission::next_id() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return ++last_id_;
}

void Admission::leave(std::uint32_t descriptors, bool cut) {
  const std::lock_guard<std::mutex> lock(mutex_);
  --totals_.active;
  descriptors_ -= descriptors;
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

Admission::Totals Admission::totals() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return totals_;
}

}  // namespace weir
