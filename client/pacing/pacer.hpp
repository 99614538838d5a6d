#pragma once

#include <cstddef>
#include <vector>

#include "common/io/descriptor.hpp"
#include "common/io/event_loop.hpp"

namespace weir::load {

/// Wakes coroutines at exact times: one timer a thread (timerfd_create(2)), however many wait and whatever the rate.
/// The loop's own wheel is for deadlines, its ticks are too coarse to send by. Loop's thread only.
class Pacer {
 public:
  explicit Pacer(io::EventLoop& loop) : loop_(loop) {}

  /// Runs until the loop ends. Throws std::system_error where there is no timer to be had.
  net::awaitable<void> run(std::uint8_t slot_kind);

  /// Wakes the slot at that time or a little after it, if it is still in use then. A slot may be woken more often than
  /// it asked for; what it waits for is what it looks at.
  void wake_at(const io::Slot& slot, io::Clock::time_point due);

 private:
  struct Alarm {
    io::Clock::time_point due;
    io::Slot::Id slot;
  };
  static bool later(const Alarm& one, const Alarm& other) { return one.due > other.due; }

  void wake_due();
  void set_timer();

  io::EventLoop& loop_;
  io::Descriptor timer_;
  std::vector<Alarm> alarms_;  ///< a heap, the earliest first
  io::Clock::time_point set_for_ = io::Clock::time_point::max();
};

/// One coroutine's alarm at a pacer: asks anew only for an earlier time than it has asked for already.
class PacedWait {
 public:
  void until(Pacer& pacer, const io::Slot& slot, io::Clock::time_point due, io::Clock::time_point now) {
    if (asked_for_ > now && asked_for_ <= due) return;
    asked_for_ = due;
    pacer.wake_at(slot, due);
  }

 private:
  io::Clock::time_point asked_for_{};
};

}  // namespace weir::load
