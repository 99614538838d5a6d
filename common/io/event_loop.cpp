#include "common/io/event_loop.hpp"

#include <sys/eventfd.h>
#include <sys/prctl.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>

namespace weir::io {

namespace {

constexpr std::uint64_t kWakeupData = ~std::uint64_t{0};
constexpr std::uint32_t kIndexBits = 31;
constexpr std::uint32_t kMaxIndex = (1U << kIndexBits) - 1;

std::uint64_t pack(Slot::Id id, Side side) {
  return std::uint64_t{id.index} | (static_cast<std::uint64_t>(side) << kIndexBits) |
         (std::uint64_t{id.generation} << 32);
}

/// What posted functions may take of a turn, but for the last few of them: a crowd, as a reload of a thousand listeners
/// posts it, must not hold up connections.
constexpr std::chrono::milliseconds kPostedPerTurn{1};

/// Returns whether there may be more.
bool run_posted(net::asio::io_context& context) {
  constexpr int kBetweenLooks = 16;  // at the clock
  const Clock::time_point end = Clock::now() + kPostedPerTurn;
  do {
    for (int i = 0; i < kBetweenLooks; ++i) {
      if (context.poll_one() == 0) return false;
    }
  } while (Clock::now() < end);
  return true;
}

[[noreturn]] void throw_errno(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

}  // namespace

bool Slot::watch(Side side, int fd) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET;
  event.data.u64 = pack(id(), side);
  return ::epoll_ctl(loop_->epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

void Slot::unwatch(int fd) { ::epoll_ctl(loop_->epoll_.get(), EPOLL_CTL_DEL, fd, nullptr); }

void Slot::set_deadline(Clock::time_point due) { loop_->wheel_.schedule(*this, due); }

void Slot::clear_deadline() {
  loop_->wheel_.cancel(*this);
  timer_fired_ = false;
}

void Slot::set_fine_deadline(Clock::time_point due) {
  if (due >= fine_due_) return;  // who wakes too early sets the next
  loop_->fine_timers_.add(due, id());
  fine_due_ = due;
}

void Slot::interrupt(std::uint8_t reason) {
  if (interruption_ != 0) return;
  interruption_ = reason;
  make_ready();
}

void Slot::ask_for_heavy_turn(HeavyTurn turn) {
  heavy_granted_ = false;  // what was granted to somebody who did not wait for it any more
  heavy_shares_ = turn == HeavyTurn::shared;
  if (heavy_asked_) return;
  loop_->heavy_.push_back(id());
  heavy_asked_ = true;
}

void Slot::make_ready() {
  if (ready_) return;
  ready_ = true;
  (low_ ? loop_->ready_low_ : loop_->ready_).push(index_);
}

void SlotRelease::operator()(Slot* slot) const { slot->loop().release(slot); }

EventLoop::EventLoop()
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wakeup_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      scratch_(std::make_unique<std::byte[]>(kScratchSize)) {
  if (!epoll_) throw_errno("epoll_create1");
  if (!wakeup_) throw_errno("eventfd");
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  event.data.u64 = kWakeupData;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wakeup_.get(), &event) != 0) throw_errno("epoll_ctl");
}

EventLoop::~EventLoop() {
  // Asio unwinds a coroutine that is destroyed while it waits through its executor. What was posted and never ran may
  // start others meanwhile.
  for (bool any = true; any;) {
    any = false;
    context_.restart();
    context_.poll();
    for (Slot& slot : slots_) {
      any = any || slot.pending_;
      slot.pending_.reset();
    }
  }
}

void EventLoop::run() {
  // A thread's waits may end 50 us late unless it asks for less (prctl(2)). Where the kernel refuses, they stay so.
  ::prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
  net::asio::post(context_, [this] {
    while (!stopping_.load(std::memory_order_relaxed)) turn();
    context_.stop();
  });
  context_.run();
}

void EventLoop::stop() {
  stopping_.store(true, std::memory_order_relaxed);
  wake();
}

void EventLoop::wake() {
  // One write until the loop has seen it: a burst of posts costs one system call.
  if (woken_.exchange(true)) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wakeup_.get(), &one, sizeof one);
}

void EventLoop::turn() {
  std::array<epoll_event, kEventsPerTurn> events;
  const bool busy = !ready_.empty() || !ready_low_.empty() || poll_context_ || !heavy_.empty();
  const auto timeout = busy ? std::chrono::milliseconds(0) : wheel_.until_next(now_);
  const int count = fine_timers_.empty() || busy
                        ? ::epoll_wait(epoll_.get(), events.data(), kEventsPerTurn, static_cast<int>(timeout.count()))
                        : wait_finely(events, timeout);
  now_ = Clock::now();
  for (int i = 0; i < count; ++i) take_event(events[static_cast<std::size_t>(i)]);
  wheel_.advance(now_, [](TimerWheel::Node& node) {
    Slot& slot = static_cast<Slot&>(node);
    slot.timer_fired_ = true;
    slot.make_ready();
  });
  if (!fine_timers_.empty()) fire_fine_timers();
  run_ready();
  // Either, so that whoever becomes ready meanwhile waits for one of them alone.
  if (!heavy_.empty() && (ready_low_.empty() || !heavy_turn_)) {
    heavy_turn_ = true;
    run_heavy();
  } else {
    heavy_turn_ = false;
    if (!ready_low_.empty()) run_low();
  }
  if (std::exchange(poll_context_, false) && run_posted(context_)) poll_context_ = true;
  for (const std::uint32_t index : released_) free_.push_back(index);
  released_.clear();
}

/// Waits for events until a fine deadline comes, or `coarse` has passed; forever where that is negative.
int EventLoop::wait_finely(std::span<epoll_event> events, std::chrono::milliseconds coarse) {
  const auto most = static_cast<int>(events.size());
  std::chrono::nanoseconds wait = std::max(fine_timers_.next() - Clock::now(), Clock::duration::zero());
  // The kernel may add a thousandth to what it is asked to wait (select_estimate_accuracy() in Linux's fs/select.c; to
  // a process of a lower priority a two-hundredth). Where it adds less, the loop waits once more for the rest.
  wait -= wait / 1001;
  if (coarse.count() >= 0) wait = std::min<std::chrono::nanoseconds>(wait, coarse);
  timespec timeout{};
  timeout.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(wait).count();
  timeout.tv_nsec = (wait - std::chrono::seconds(timeout.tv_sec)).count();
  if (can_wait_finely_) {
    const int count = ::epoll_pwait2(epoll_.get(), events.data(), most, &timeout, nullptr);
    if (count >= 0 || errno == EINTR) return count;
    can_wait_finely_ = false;  // Linux before 5.11, or a filter of system calls that does not know it
  }
  return ::epoll_wait(epoll_.get(), events.data(), most,
                      static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(wait).count()));
}

void EventLoop::fire_fine_timers() {
  fine_timers_.advance(now_, [this](Slot::Id id, Clock::time_point due) {
    Slot* slot = find(id);
    if (slot == nullptr) return;
    if (slot->fine_due_ == due) slot->fine_due_ = Clock::time_point::max();
    slot->make_ready();
  });
}

void EventLoop::take_event(const epoll_event& event) {
  if (event.data.u64 == kWakeupData) {
    // Read-modify-write, so that what was posted before the wake-up is seen by the poll.
    woken_.exchange(false);
    poll_context_ = true;
    return;
  }
  const Slot::Id id{static_cast<std::uint32_t>(event.data.u64) & kMaxIndex,
                    static_cast<std::uint32_t>(event.data.u64 >> 32)};
  Slot* slot = find(id);
  if (slot == nullptr) return;
  const std::uint32_t mask = event.events;
  std::uint8_t flags = 0;
  if ((mask & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI)) != 0) flags |= Slot::kReadable;
  if ((mask & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) flags |= Slot::kWritable;
  if ((mask & EPOLLERR) != 0) flags |= Slot::kFailed;
  if ((mask & (EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI)) != 0) flags |= Slot::kPressing;
  if ((mask & EPOLLRDHUP) != 0) flags |= Slot::kPeerEnded;
  slot->flags(static_cast<Side>((event.data.u64 >> kIndexBits) & 1)) |= flags;
  slot->make_ready();
}

void EventLoop::run_ready() {
  for (std::size_t left = std::min<std::size_t>(ready_.size(), 2 * kEventsPerTurn); left > 0; --left) run(ready_.pop());
}

void EventLoop::run_low() {
  const Clock::time_point begin = Clock::now();
  const Clock::time_point end = begin + std::max<Clock::duration>(kLowTime, (begin - now_) / 4);
  std::size_t left = ready_low_.size();
  do {
    run(ready_low_.pop());
  } while (--left > 0 && Clock::now() < end);
}

void EventLoop::run(std::uint32_t index) {
  Slot& slot = slots_[index];
  slot.ready_ = false;
  if (slot.pending_) slot.pending_.call();
}

/// Several in a row, because those of a kind find each other's code in the CPU's caches.
void EventLoop::run_heavy() {
  const Clock::time_point end = Clock::now() + kHeavyTime;
  Slot* slot = next_heavy();
  while (slot != nullptr) {
    heavy_.pop_front();
    slot->heavy_asked_ = false;
    slot->heavy_granted_ = true;
    const bool shares = slot->heavy_shares_;
    if (slot->pending_) slot->pending_.call();  // one that is ready as well will wake once more, for nothing
    slot = shares && Clock::now() < end ? next_heavy() : nullptr;
    if (slot != nullptr && !slot->heavy_shares_) return;
  }
}

/// The first that still lives of those who asked.
Slot* EventLoop::next_heavy() {
  for (; !heavy_.empty(); heavy_.pop_front()) {
    if (Slot* const slot = find(heavy_.front()); slot != nullptr) return slot;
  }
  return nullptr;
}

/// Allocates all that the lists of slots may ever need, here, where running out of memory refuses one connection.
void EventLoop::add_slot() {
  const std::size_t slots = slots_.size() + 1;
  make_room(free_, slots);
  make_room(released_, slots);
  ready_.make_room_for(slots);
  ready_low_.make_room_for(slots);
  Slot& slot = slots_.emplace_back();
  slot.loop_ = this;
  slot.index_ = static_cast<std::uint32_t>(slots_.size() - 1);
  free_.push_back(slot.index_);
}

SlotPtr EventLoop::acquire(std::uint8_t kind) {
  if (free_.empty()) add_slot();
  Slot& slot = slots_[free_.back()];
  free_.pop_back();
  slot.flags_ = {};
  slot.interruption_ = 0;
  slot.timer_fired_ = false;
  slot.waited_ = false;
  slot.heavy_asked_ = false;
  slot.heavy_granted_ = false;
  slot.low_ = false;
  slot.fine_due_ = Clock::time_point::max();
  slot.subject_ = nullptr;
  slot.in_use_ = true;
  slot.kind_ = kind;
  ++in_use_;
  return SlotPtr(&slot);
}

void EventLoop::release(Slot* slot) {
  wheel_.cancel(*slot);
  slot->in_use_ = false;
  ++slot->generation_;
  --in_use_;
  released_.push_back(slot->index_);
}

Slot* EventLoop::find(Slot::Id id) {
  if (id.index >= slots_.size()) return nullptr;
  Slot& slot = slots_[id.index];
  return slot.in_use_ && slot.generation_ == id.generation ? &slot : nullptr;
}

void EventLoop::interrupt_all(std::uint8_t kind, std::uint8_t reason) {
  for (Slot& slot : slots_) {
    if (slot.in_use_ && slot.kind_ == kind) slot.interrupt(reason);
  }
}

void EventLoop::wake_all(std::uint8_t kind) {
  for (Slot& slot : slots_) {
    if (slot.in_use_ && slot.kind_ == kind) slot.wake();
  }
}

}  // namespace weir::io
