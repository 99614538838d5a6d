#include "client/pacing/pacer.hpp"

#include <sys/timerfd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace weir::load {

net::awaitable<void> Pacer::run(std::uint8_t slot_kind) {
  const io::SlotPtr slot = loop_.acquire(slot_kind);
  timer_ = io::Descriptor(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  if (!timer_ || !slot->watch(io::Side::first, timer_.get())) {
    throw std::system_error(errno, std::generic_category(), "timerfd");
  }
  // Each expiry is an edge of its own, and setting the timer takes it back: there is no need to read it.
  for (;;) {
    wake_due();
    set_timer();
    co_await slot->wait();
  }
}

void Pacer::wake_at(const io::Slot& slot, io::Clock::time_point due) {
  alarms_.push_back({due, slot.id()});
  std::push_heap(alarms_.begin(), alarms_.end(), later);
  if (due < set_for_) set_timer();
}

void Pacer::wake_due() {
  const io::Clock::time_point now = io::Clock::now();
  if (set_for_ <= now) set_for_ = io::Clock::time_point::max();
  while (!alarms_.empty() && alarms_.front().due <= now) {
    if (io::Slot* slot = loop_.find(alarms_.front().slot)) slot->wake();
    std::pop_heap(alarms_.begin(), alarms_.end(), later);
    alarms_.pop_back();
  }
}

void Pacer::set_timer() {
  if (alarms_.empty() || !timer_ || alarms_.front().due == set_for_) return;
  set_for_ = alarms_.front().due;
  // A time of zero would disarm it.
  const auto ns = std::max<std::int64_t>(1, set_for_.time_since_epoch() / std::chrono::nanoseconds(1));
  const itimerspec when{{0, 0}, {ns / 1'000'000'000, ns % 1'000'000'000}};
  ::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &when, nullptr);
}

}  // namespace weir::load
