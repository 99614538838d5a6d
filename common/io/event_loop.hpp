#pragma once

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/async_result.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "common/io/descriptor.hpp"
#include "common/io/fine_timers.hpp"
#include "common/io/pending_handler.hpp"
#include "common/io/ready_list.hpp"
#include "common/io/timer_wheel.hpp"
#include "common/net.hpp"

namespace weir::io {

class EventLoop;

/// The two sockets that one coroutine can wait for.
enum class Side : std::uint8_t { first, second };

/// Who runs first of those whose wait has ended: in a turn of the loop those of `normal`, as many as have their turn in
/// it, come before those of `low`, which have a bounded time of it.
enum class Priority : std::uint8_t { normal, low };

/// Whether heavy work has a turn of the loop to itself, or may share a bounded time of it with other work that may.
enum class HeavyTurn : std::uint8_t { alone, shared };

/// Where one coroutine waits: for either of two sockets, a deadline, or an interruption.
///
/// Sockets are registered edge-triggered, once (epoll(7)); what an edge reported stays in the flags until a call that
/// comes back short or empty clears it. Comes from EventLoop::acquire(); everything here is for the loop's thread.
class Slot : public TimerWheel::Node {
  struct Initiate {
    Slot* slot;
    template <typename Handler>
    void operator()(Handler&& handler) const {
      slot->waited_ = true;
      slot->pending_.store(std::forward<Handler>(handler));
      if (slot->yields_ || slot->timer_fired_ || slot->interruption_ != 0) slot->make_ready();
    }
  };

  /// Deferred, because a coroutine awaits such an operation in place: an awaitable would be a frame of its own, which
  /// each idle connection would hold. For the same reason the operation knows the slot alone.
  auto wait_operation(bool yields) {
    yields_ = yields;
    return net::asio::async_initiate<const net::asio::deferred_t, void()>(Initiate{this}, net::asio::deferred);
  }

 public:
  EventLoop& loop() const { return *loop_; }

  /// Registers a socket; edges that were already due arrive in the next turn. False with errno when epoll refuses.
  bool watch(Side side, int fd);
  /// Takes a socket out that will stay open elsewhere. One that is about to be closed needs no call.
  void unwatch(int fd);

  bool readable(Side side) const { return (flags(side) & kReadable) != 0; }
  bool writable(Side side) const { return (flags(side) & kWritable) != 0; }
  /// An error is pending on the socket: reset, timed out, refused.
  bool failed(Side side) const { return (flags(side) & kFailed) != 0; }
  /// A short read does not mean that the socket is empty: a FIN, an error or an urgent mark may stand behind it.
  bool pressing(Side side) const { return (flags(side) & kPressing) != 0; }
  /// The peer sends nothing more: its FIN or RST has come, whatever stands before it.
  bool peer_ended(Side side) const { return (flags(side) & kPeerEnded) != 0; }
  void set_drained(Side side) { flags(side) &= static_cast<std::uint8_t>(~(kReadable | kPressing)); }
  void set_full(Side side) { flags(side) &= static_cast<std::uint8_t>(~kWritable); }
  /// A call has returned an error of the socket that no event may have reported.
  void set_failed(Side side) { flags(side) |= kFailed; }
  /// Forgets what was known of a side whose socket was closed. No event of it can follow: a batch of events is folded
  /// into the flags before any coroutine runs.
  void forget(Side side) { flags(side) = 0; }

  /// The wait ends at `due`, at most 100 ms after it; replaces the deadline before. timer_fired() says so.
  void set_deadline(Clock::time_point due);
  void clear_deadline();
  /// Whether the deadline passed since this was last asked; clears it.
  bool timer_fired() { return std::exchange(timer_fired_, false); }

  /// The wait also ends at `due`, some 0.1 ms after it, whatever deadline is set; timer_fired() says nothing of it. It
  /// may end earlier, by one that was set before. Costs the loop a heap, so it is for the few that need it. Throws
  /// std::bad_alloc.
  void set_fine_deadline(Clock::time_point due);

  /// Ends the wait from outside, from another coroutine of the same loop: the coroutine is resumed in a later turn and
  /// finds `reason` (not zero) in interruption(). The first reason stays.
  void interrupt(std::uint8_t reason);
  std::uint8_t interruption() const { return interruption_; }
  /// The same, and the next wait is one again.
  std::uint8_t take_interruption() { return std::exchange(interruption_, std::uint8_t{0}); }

  /// Ends the wait from another coroutine of the same loop without a reason of its own, any number of times: what
  /// changed is in state that both of them share. The coroutine is resumed in a later turn.
  void wake() { make_ready(); }

  /// Suspends until something of the above happens. It may wake for nothing: look at the flags again. With `unfinished`
  /// it is as yield().
  auto wait(bool unfinished = false) { return wait_operation(unfinished); }

  /// Suspends to the end of the ready list, so that others get their turn.
  auto yield() { return wait_operation(true); }

  /// Asks for a turn of heavy work, which the loop grants in the order of asking, after all others of a turn, and where
  /// some are of low priority in every other turn: wait until take_heavy_turn() is true. Who asks again before that
  /// keeps its position. Throws std::bad_alloc.
  void ask_for_heavy_turn(HeavyTurn turn);
  /// Whether it was granted; once for each ask.
  bool take_heavy_turn() {
    const bool granted = heavy_granted_;
    heavy_granted_ = false;
    return granted;
  }

  /// Whether its coroutine has suspended here since acquire(). One that ends before it ever did is ended by Asio
  /// through a post, which allocates; a yield before its end spares it that.
  bool waited() const { return waited_; }

  /// From the next time on that its wait ends. Normal unless set since acquire().
  void set_priority(Priority priority) { low_ = priority == Priority::low; }

  /// What waits here, for those who find it by its slot: visit() shows it. Null unless set since acquire().
  void set_subject(void* subject) { subject_ = subject; }
  void* subject() const { return subject_; }

  /// Identifies this slot to other threads; stale once it is released. See EventLoop::find().
  struct Id {
    std::uint32_t index;
    std::uint32_t generation;
  };
  Id id() const { return {index_, generation_}; }

 private:
  friend class EventLoop;

  static constexpr std::uint8_t kReadable = 1;
  static constexpr std::uint8_t kWritable = 2;
  static constexpr std::uint8_t kFailed = 4;
  static constexpr std::uint8_t kPressing = 8;
  static constexpr std::uint8_t kPeerEnded = 16;

  std::uint8_t& flags(Side side) { return flags_[static_cast<std::size_t>(side)]; }
  std::uint8_t flags(Side side) const { return flags_[static_cast<std::size_t>(side)]; }
  void make_ready();

  PendingHandler pending_;
  EventLoop* loop_ = nullptr;
  void* subject_ = nullptr;
  std::uint32_t index_ = 0;
  std::uint32_t generation_ = 0;
  Clock::time_point fine_due_ = Clock::time_point::max();  ///< the earliest fine deadline that is still to come
  std::array<std::uint8_t, 2> flags_{};
  std::uint8_t interruption_ = 0;
  bool timer_fired_ = false;
  bool ready_ = false;
  bool in_use_ = false;
  bool waited_ : 1 = false;  // bits, because each idle connection has a slot
  bool heavy_asked_ : 1 = false;
  bool heavy_granted_ : 1 = false;
  bool heavy_shares_ : 1 = false;
  bool yields_ : 1 = false;  ///< the wait that begins is a yield()
  bool low_ : 1 = false;     ///< its priority
  std::uint8_t kind_ = 0;
};

/// Gives a slot back when it goes.
struct SlotRelease {
  void operator()(Slot* slot) const;
};
using SlotPtr = std::unique_ptr<Slot, SlotRelease>;

/// What a thread of either program runs on: Asio's coroutines over one edge-triggered epoll instance that is the
/// thread's only wait.
///
///     epoll ──▶ flags of slots ──▶ ready lists (64 a turn) ──▶ coroutine resumed where it waits
///     wheel ──▶ deadlines ────────▶     ▲           (and a heap of the few that are fine)
///     post() ─▶ eventfd, io_context ────┘
///
/// The io_context carries coroutines and posted work but no I/O objects, so it has no reactor and polling it costs no
/// system call. The loop itself runs as one handler of that context, which keeps Asio's per-thread frame recycling on.
class EventLoop {
 public:
  /// What one turn may do before others get theirs.
  static constexpr int kEventsPerTurn = 64;
  static constexpr std::size_t kScratchSize = 64 * 1024;
  /// What those of low priority may take of a turn, or a quarter of what the others took if that is more. The last of
  /// them may take longer.
  static constexpr std::chrono::microseconds kLowTime{100};
  /// What heavy work that shares a turn may take of it. The last of it may take longer.
  static constexpr std::chrono::milliseconds kHeavyTime{1};

  /// Throws std::system_error when the descriptors cannot be had.
  EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;
  /// Destroys the coroutines that still wait.
  ~EventLoop();

  net::Executor executor() { return context_.get_executor(); }

  /// Runs turns on the calling thread until stop(). Exceptions that leave a posted function leave run().
  void run();

  /// Any thread. After it, run() returns at the end of its turn.
  void stop();

  /// Any thread: `function` runs on the loop's thread, of a crowd in a later turn. The only way in from outside.
  template <typename Function>
  void post(Function&& function) {
    net::asio::post(context_, std::forward<Function>(function));
    wake();
  }

  /// Starts a coroutine, which runs at once up to its first wait. Once it has ended, `on_end`, a plain function or
  /// small object, is called with the std::exception_ptr of what left it, null for nothing. Loop's thread.
  template <typename OnEnd>
  void spawn(net::awaitable<void> coroutine, OnEnd on_end) {
    poll_context_ = true;  // a coroutine that never waits ends through the context
    net::asio::co_spawn(executor(), std::move(coroutine), std::move(on_end));
  }

  /// The clock as of this turn. Loop's thread.
  Clock::time_point now() const { return now_; }
  /// Reads the clock anew. Loop's thread.
  Clock::time_point refresh_now() { return now_ = Clock::now(); }

  /// One buffer for the whole thread: what stands in it is gone after the next suspension. Loop's thread.
  std::span<std::byte, kScratchSize> scratch() {
    return std::span<std::byte, kScratchSize>(scratch_.get(), kScratchSize);
  }

  /// Loop's thread. `kind` is what interrupt_all() selects by. Throws std::bad_alloc; after it, waiting on the slot,
  /// waking it and giving it back allocate nothing.
  SlotPtr acquire(std::uint8_t kind);
  std::size_t slots_in_use() const { return in_use_; }

  /// The slot that an id identifies, or nullptr if it has been released since. Loop's thread.
  Slot* find(Slot::Id id);

  /// Interrupts every slot of that kind. Loop's thread.
  void interrupt_all(std::uint8_t kind, std::uint8_t reason);

  /// Calls `visit(slot)` for the slots of that kind among the `places` places from `first` on. Returns the place to go
  /// on from, or nothing once all were seen. A slot that is acquired between two calls may be missed. Loop's thread.
  template <typename Visit>
  std::optional<std::size_t> visit(std::uint8_t kind, std::size_t first, std::size_t places, Visit visit) {
    const std::size_t last = std::min(first + places, slots_.size());
    for (std::size_t i = first; i < last; ++i) {
      Slot& slot = slots_[i];
      if (slot.in_use_ && slot.kind_ == kind) visit(slot);
    }
    return last < slots_.size() ? std::optional(last) : std::nullopt;
  }

  /// Wakes every slot of that kind. Loop's thread.
  void wake_all(std::uint8_t kind);

 private:
  friend class Slot;
  friend struct SlotRelease;

  void add_slot();
  void turn();
  void take_event(const epoll_event& event);
  int wait_finely(std::span<epoll_event> events, std::chrono::milliseconds coarse);
  void fire_fine_timers();
  void run_ready();
  void run_low();
  void run(std::uint32_t index);
  void run_heavy();
  Slot* next_heavy();
  void release(Slot* slot);
  void wake();

  /// No hint of 1: with it, what a thread posts to itself is counted as work when its handler returns, which run()'s
  /// never does, but as done when it has run. The context would think it had none left, and stop.
  net::asio::io_context context_;
  net::asio::executor_work_guard<net::Executor> work_{context_.get_executor()};
  Descriptor epoll_;
  Descriptor wakeup_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> woken_{false};
  bool poll_context_ = false;
  Clock::time_point now_ = Clock::now();
  TimerWheel wheel_{now_};
  FineTimers<Slot::Id> fine_timers_;
  bool can_wait_finely_ = true;
  std::deque<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::vector<std::uint32_t> released_;  ///< freed after the batch, so that stale events of it find nobody else
  ReadyList ready_;
  ReadyList ready_low_;         ///< those of low priority
  bool heavy_turn_ = false;     ///< the last turn granted some, so low priority is next
  std::deque<Slot::Id> heavy_;  ///< who asked for a heavy turn, first in, first out; some may be gone
  std::size_t in_use_ = 0;
  std::unique_ptr<std::byte[]> scratch_;
};

}  // namespace weir::io
