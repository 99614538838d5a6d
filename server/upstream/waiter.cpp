#include "server/upstream/waiter.hpp"

#include <new>
#include <utility>

namespace weir {

Waiter::Waiter(Upstream& upstream, const io::Slot& slot, std::uint64_t source, std::span<const Backend::Id> tried,
               Upstream::Time now)
    : upstream_(upstream), loop_(slot.loop()), slot_(slot.id()), source_(source), tried_(tried) {
  const Upstream::Lock lock(upstream_.mutex_);
  if (upstream_.queue_.size() >= upstream_.config_.queue.size) return;
  place_ = upstream_.queue_.insert(upstream_.queue_.end(), this);
  queued_ = waiting_ = true;
  upstream_.serve_queue(now);  // a place may have become free since it was told that there is none
}

Waiter::~Waiter() {
  Upstream::Pick unused;  // goes back after the lock
  const Upstream::Lock lock(upstream_.mutex_);
  if (waiting_) upstream_.queue_.erase(place_);
  unused = std::move(outcome_);
}

std::optional<Upstream::Pick> Waiter::take() {
  const Upstream::Lock lock(upstream_.mutex_);
  if (waiting_) return std::nullopt;
  return std::move(outcome_);
}

void Waiter::leave_with(Upstream::Pick outcome) {
  waiting_ = false;
  outcome_ = std::move(outcome);
  wake();
}

void Waiter::wake() {
  try {
    loop_.post([&loop = loop_, id = slot_] {
      if (io::Slot* slot = loop.find(id)) slot->wake();
    });
  } catch (const std::bad_alloc&) {
    return;  // it looks again when its time in the queue is over
  }
}

}  // namespace weir
