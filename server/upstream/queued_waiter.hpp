#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "common/io/event_loop.hpp"
#include "server/upstream/pick.hpp"
#include "server/upstream/tiers.hpp"

namespace weir {

/// A connection as the queue for a backend knows it: what it has tried, where it stands, and what its wait came to. The
/// slot is woken when that is decided. Lives in the waiting coroutine, as does `tried`.
class QueuedWaiter {
 public:
  /// Ascending in the order of arrival. A connection that must wait again comes with the one that it had, and so keeps
  /// its place; 0 is none yet.
  using Ticket = std::uint64_t;

  QueuedWaiter(const io::Slot& slot, std::uint64_t source, Tried tried)
      : loop_(slot.loop()), slot_(slot.id()), source_(source), tried_(tried) {}
  QueuedWaiter(const QueuedWaiter&) = delete;
  QueuedWaiter& operator=(const QueuedWaiter&) = delete;

  /// What the wait came to, once: a place, or `all_tried`. Nothing while it goes on; to ask costs one load.
  std::optional<Pick> take();
  bool decided() const { return decided_.load(std::memory_order_acquire); }

  std::uint64_t source() const { return source_; }
  Tried tried() const { return tried_; }

  // Under the upstream's mutex.
  Ticket ticket() const { return ticket_; }
  void set_ticket(Ticket ticket) { ticket_ = ticket; }
  const TierKey& line() const { return line_; }
  void set_line(const TierKey& line) { line_ = line; }
  /// Once, when it is out of the queue.
  void leave_with(Pick outcome);

 private:
  io::EventLoop& loop_;
  const io::Slot::Id slot_;
  const std::uint64_t source_;
  const Tried tried_;
  Ticket ticket_ = 0;
  TierKey line_;
  Pick outcome_;                      ///< the waiter's own once it is decided
  std::atomic<bool> decided_{false};  ///< set under the upstream's mutex
};

}  // namespace weir
