#pragma once

#include <cstdint>

#include "common/io/event_loop.hpp"
#include "server/upstream/queued_waiter.hpp"
#include "server/upstream/upstream.hpp"

namespace weir {

/// A connection that waits, in the order of arrival, until a backend that it has not tried has a place for it, or none
/// is left to wait for. The slot is woken when that is so. Lives in the waiting coroutine, as does `tried`; leaves the
/// queue when it goes.
class Waiter : private QueuedWaiter {
 public:
  /// Not queued() when `queue.size` others wait already. `ticket` is the connection's: 0 when it has not waited yet;
  /// one that has is queued in any case.
  Waiter(Upstream& upstream, const io::Slot& slot, std::uint64_t source, Tried tried, WaitQueue::Ticket& ticket,
         Upstream::Time now);
  ~Waiter();

  bool queued() const { return queued_; }
  using QueuedWaiter::take;

 private:
  Upstream& upstream_;
  bool queued_ = false;
};

}  // namespace weir
