#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

#include "server/upstream/queued_waiter.hpp"
#include "server/upstream/tiers.hpp"

namespace weir {

/// Those who wait for a backend, in the order of their tickets, arranged so that one look tells who can be served:
///
///     newcomers   have tried nobody: served once the first tier has room
///     retries     have tried some: served once a tier has room up to the first that holds a backend they have not
///                 tried; a line for each such tier
///
/// So whoever stands in a line can be served exactly when its head can, and a line that cannot be served holds up
/// nobody in another. Under the upstream's mutex.
class WaitQueue {
 public:
  using Ticket = QueuedWaiter::Ticket;

  std::size_t size() const { return newcomers_.size() + retries_.size(); }
  bool empty() const { return newcomers_.empty() && retries_.empty(); }
  Ticket next_ticket() { return ++last_ticket_; }

  /// Queues a waiter, or tells it at once that it has tried every backend that is up. Throws std::bad_alloc.
  void add(QueuedWaiter& waiter, const Tiers& tiers);
  void remove(QueuedWaiter& waiter);

  /// The first in order who can be served; null when there is none.
  QueuedWaiter* next(const Tiers& tiers) const;

  /// Moves those who stand in the wrong line after a backend went from one tier to another; who has tried every backend
  /// that is up is told and leaves. `most_tried` is how many backends a waiter has tried at most.
  void reline(const Tiers& tiers, const Tiers::Move& move, std::size_t most_tried);
  /// The same for all, after the tiers were replaced.
  void reline(const Tiers& tiers);

 private:
  using Lines = std::map<std::pair<TierKey, Ticket>, QueuedWaiter*>;

  void reline(const Tiers& tiers, Lines::iterator from, Lines::iterator to);

  Ticket last_ticket_ = 0;
  std::map<Ticket, QueuedWaiter*> newcomers_;
  Lines retries_;
};

}  // namespace weir
