#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <span>

#include "common/io/event_loop.hpp"
#include "server/upstream/upstream.hpp"

namespace weir {

/// A connection that waits, in the order of arrival, until a server that it has not tried has a place for it, or none
/// is left to wait for. The slot is woken when that is so, and when it should look at next_return() again. Lives in the
/// waiting coroutine, as does `tried`; leaves the queue when it goes.
class Waiter {
 public:
  /// Not queued() when `queue.size` others wait already.
  Waiter(Upstream& upstream, const io::Slot& slot, std::uint64_t source, std::span<const Backend::Id> tried,
         Upstream::Time now);
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  ~Waiter();

  bool queued() const { return queued_; }
  /// What the wait came to, once: a place, or `all_tried`. Nothing while it goes on.
  std::optional<Upstream::Pick> take();

 private:
  friend class Upstream;

  void leave_with(Upstream::Pick outcome);
  void wake();

  Upstream& upstream_;
  io::EventLoop& loop_;
  const io::Slot::Id slot_;
  const std::uint64_t source_;
  const std::span<const Backend::Id> tried_;
  bool queued_ = false;

  // Under the upstream's mutex.
  bool waiting_ = false;
  Upstream::Pick outcome_;
  std::list<Waiter*>::iterator place_;
};

}  // namespace weir
