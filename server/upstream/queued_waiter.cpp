#include "server/upstream/queued_waiter.hpp"

#include <new>
#include <utility>

namespace weir {

std::optional<Pick> QueuedWaiter::take() {
  if (!decided_.load(std::memory_order_acquire)) return std::nullopt;
  return std::move(outcome_);
}

void QueuedWaiter::leave_with(Pick outcome) {
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
