#include "server/upstream/waiter.hpp"

#include <new>
#include <utility>

namespace weir {

Waiter::Waiter(Upstream& upstream, const io::Slot& slot, std::uint64_t source, Tried tried, WaitQueue::Ticket& ticket,
               Upstream::Time now)
    : upstream_(upstream), loop_(slot.loop()), slot_(slot.id()), source_(source), tried_(tried) {
  const Upstream::Lock lock(upstream_.mutex_);
  // Whoever has waited before is let in again beyond the bound: such connections had places, which bounds them.
  if (ticket == 0 && upstream_.queue_.size() >= upstream_.config_->queue.size) return;
  if (ticket == 0) ticket = upstream_.queue_.next_ticket();
  ticket_ = ticket;
  upstream_.queue_.add(*this, upstream_.tiers_);
  queued_ = true;
  upstream_.serve_queue(now);  // a place may have become free since it was told that there is none
}

Waiter::~Waiter() {
  if (!queued_ || decided_.load(std::memory_order_acquire)) return;
  const Upstream::Lock lock(upstream_.mutex_);
  // Whoever stood behind it could not be served either, so nobody need be.
  if (!decided_.load(std::memory_order_relaxed)) upstream_.queue_.remove(*this);
}

std::optional<Upstream::Pick> Waiter::take() {
  if (!decided_.load(std::memory_order_acquire)) return std::nullopt;
  return std::move(outcome_);
}

void Waiter::leave_with(Upstream::Pick outcome) {
  io::EventLoop& loop = loop_;
  const io::Slot::Id slot_id = slot_;
  outcome_ = std::move(outcome);
  decided_.store(true, std::memory_order_release);  // from here on the waiter may be gone
  try {
    loop.post([&loop, id = slot_id] {
      if (io::Slot* slot = loop.find(id)) slot->wake();
    });
  } catch (const std::bad_alloc&) {
    return;  // it looks again by itself after a while
  }
}

}  // namespace weir
