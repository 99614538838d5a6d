#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>

#include "common/io/descriptor.hpp"
#include "common/io/event_loop.hpp"

namespace weir::io {

/// Takes costly work off a loop's thread, one piece at a time, first come, first served.
///
///     Work ──▶ line ──▶ handed ──────▶ run ──▶ eventfd ──▶ slot woken, next one handed over
///              loop's thread           side thread         loop's thread
///
/// Its thread has a lower priority (nice, setpriority(2)): where both want one CPU, the loop's thread has it at once,
/// and this one what is left, but a tenth of it at least. All functions are for the loop's thread; outlives the loop's
/// coroutines.
class SideThread {
 public:
  static constexpr int kNice = 10;

  /// `name` is its thread's, of 15 characters at most.
  SideThread(EventLoop& loop, std::string name) : loop_(loop), name_(std::move(name)) {}
  SideThread(const SideThread&) = delete;
  SideThread& operator=(const SideThread&) = delete;
  /// Waits for the piece of work that is under way.
  ~SideThread();

  /// Starts it unless it runs; it may use the CPUs that the calling thread may. False where the system has no thread or
  /// no descriptor for it. Throws std::bad_alloc.
  bool start();

  /// One piece of work, from its place in line to its end.
  class Work {
   public:
    /// `function` is called on the side thread; the slot is woken once done() is true. Throws std::bad_alloc.
    Work(SideThread& thread, Slot& slot, std::function<void()> function);
    Work(const Work&) = delete;
    Work& operator=(const Work&) = delete;
    /// Withdraws it, or waits for its end if it has begun.
    ~Work();

    bool done() const { return state_ == State::done; }
    /// Throws what left `function`, once done() is true.
    void rethrow() const {
      if (failure_) std::rethrow_exception(failure_);
    }

   private:
    friend class SideThread;
    enum class State : std::uint8_t { in_line, handed, done };

    SideThread& thread_;
    Slot& slot_;
    std::function<void()> function_;
    std::exception_ptr failure_;
    std::list<Work*>::iterator position_;  ///< while it is in line
    State state_ = State::in_line;
  };

 private:
  net::awaitable<void> collect(SlotPtr slot);
  void hand_over();
  void conclude();
  void run();

  EventLoop& loop_;
  const std::string name_;
  bool running_ = false;
  std::list<Work*> line_;
  Work* under_way_ = nullptr;
  Descriptor ended_;  ///< an eventfd: the side thread says that it has ended a piece of work
  std::mutex mutex_;  ///< guards what follows, for moments only
  std::condition_variable changed_;
  Work* handed_ = nullptr;  ///< null once it has ended
  bool begun_ = false;      ///< it cannot be taken back any more
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace weir::io
