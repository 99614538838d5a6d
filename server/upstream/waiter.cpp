#include "server/upstream/waiter.hpp"

namespace weir {

Waiter::Waiter(Upstream& upstream, const io::Slot& slot, std::uint64_t source, Tried tried, WaitQueue::Ticket& ticket,
               Upstream::Time now)
    : QueuedWaiter(slot, source, tried), upstream_(upstream) {
  const Upstream::Lock lock(upstream_.mutex_);
  // Whoever has waited before is let in again beyond the bound: such connections had places, which bounds them.
  if (ticket == 0 && upstream_.queue_.size() >= upstream_.config_->queue.size) return;
  if (ticket == 0) ticket = upstream_.queue_.next_ticket();
  set_ticket(ticket);
  upstream_.queue_.add(*this, upstream_.tiers_);
  queued_ = true;
  upstream_.serve_queue(now);  // a place may have become free since it was told that there is none
}

Waiter::~Waiter() {
  if (!queued_ || decided()) return;
  const Upstream::Lock lock(upstream_.mutex_);
  // Whoever stood behind it could not be served either, so nobody need be.
  if (!decided()) upstream_.queue_.remove(*this);
}

}  // namespace weir
