#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "common/io/event_loop.hpp"
#include "server/upstream/upstream.hpp"

namespace weir {

/// A connection that waits, in the order of arrival, until a backend that it has not tried has a place for it, or none
/// is left to wait for. The slot is woken when that is so. Lives in the waiting coroutine, as does `tried`; leaves the
/// queue when it goes.
class Waiter {
 public:
  /// Not queued() when `queue.size` others wait already. `ticket` is the connection's: 0 when it has not waited yet;
  /// one that has is queued in any case.
  Waiter(Upstream& upstream, const io::Slot& slot, std::uint64_t source, Tried tried, WaitQueue::Ticket& ticket,
         Upstream::Time now);
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  ~Waiter();

  bool queued() const { return queued_; }
  /// What the wait came to, once: a place, or `all_tried`. Nothing while it goes on; to ask costs one load.
  std::optional<Upstream::Pick> take();

  Tried tried() const { return tried_; }
  WaitQueue::Ticket ticket() const { return ticket_; }

 private:
  friend class Upstream;
  friend class WaitQueue;

  // Under the upstream's mutex.
  const TierKey& line() const { return line_; }
  void set_line(const TierKey& line) { line_ = line; }
  /// Once, when it is out of the queue.
  void leave_with(Upstream::Pick outcome);

  Upstream& upstream_;
  io::EventLoop& loop_;
  const io::Slot::Id slot_;
  const std::uint64_t source_;
  const Tried tried_;
  WaitQueue::Ticket ticket_ = 0;
  bool queued_ = false;
  TierKey line_;
  Upstream::Pick outcome_;            ///< the waiter's own once it is decided
  std::atomic<bool> decided_{false};  ///< set under the upstream's mutex
};

}  // namespace weir
