#include "server/admission/admission.hpp"

#include <utility>

namespace weir {

Admission::Entry Admission::enter(std::uint32_t descriptors, io::Clock::time_point now) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const std::uint64_t id = ++last_id_;
  if (!limits_.has_room(totals_.active, totals_.descriptors, descriptors)) return {id, SessionEnd::refused_limit};
  if (!bucket_.admit(rate_, now)) return {id, SessionEnd::refused_rate};
  ++totals_.active;
  totals_.descriptors += descriptors;
  return {id, std::nullopt};
}

void Admission::set_limits(const ProcessLimits& limits, const Rate& rate) {
  const std::lock_guard<std::mutex> lock(mutex_);
  limits_ = limits;
  rate_ = rate;
}

void Admission::withdraw(std::uint32_t descriptors) {
  const std::lock_guard<std::mutex> lock(mutex_);
  --totals_.active;
  totals_.descriptors -= descriptors;
}

std::uint64_t Admission::next_id() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return ++last_id_;
}

void Admission::leave(std::uint32_t descriptors, bool cut) {
  const std::lock_guard<std::mutex> lock(mutex_);
  --totals_.active;
  totals_.descriptors -= descriptors;
  if (!draining_) return;
  if (cut) {
    ++totals_.cut;
  } else {
    ++totals_.ended;
  }
}

void Admission::begin_drain() {
  const std::lock_guard<std::mutex> lock(mutex_);
  drain_began_ = io::Clock::now();
  totals_.ended = totals_.cut = totals_.closed_idle = 0;
  last_to_end_ = LastToEnd();
  draining_ = true;
}

void Admission::end_drain() {
  const std::lock_guard<std::mutex> lock(mutex_);
  draining_ = false;
}

void Admission::note_end(DrainedConnection connection) {
  const std::lock_guard<std::mutex> lock(mutex_);
  connection.after = std::chrono::duration_cast<std::chrono::milliseconds>(io::Clock::now() - drain_began_);
  if (connection.closed_idle) ++totals_.closed_idle;
  last_to_end_.add(std::move(connection));
}

std::vector<DrainedConnection> Admission::last_to_end() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return last_to_end_.latest_first();
}

Admission::Totals Admission::totals() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return totals_;
}

}  // namespace weir
