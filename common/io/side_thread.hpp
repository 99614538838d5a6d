#pragma once

#include <semaphore.h>

#include <atomic>
#include <chrono>
#include <exception>
#include <list>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "common/io/descriptor.hpp"
#include "common/io/event_loop.hpp"

namespace weir::io {

/// Takes costly work off a loop's thread, one task at a time, first come, first served.
///
///     Work ──▶ line ──▶ handed ──▶ begun ──▶ ended ──▶ slot woken, next one handed over
///              loop's thread       side thread         loop's thread
///
/// Its thread has a lower priority than the loop's (setpriority(2)), so that where both want one CPU, the loop's gets
/// most of it. The loop's thread never waits for a task, except in the destructor; a lock that both want, such as that
/// of malloc(3), is held for microseconds. All functions are for the loop's thread but where they say otherwise.
/// Outlives the loop's coroutines.
class SideThread {
 public:
  /// So much is added to the nice value of the loop's thread.
  static constexpr int kNice = 10;

  /// `name` is its thread's, of 15 characters at most.
  SideThread(EventLoop& loop, std::string name);
  SideThread(const SideThread&) = delete;
  SideThread& operator=(const SideThread&) = delete;
  /// Waits for the end of the task that is under way.
  ~SideThread();

  /// Starts it unless it runs; it may use the CPUs that the calling thread may. False where the system has no thread or
  /// no descriptor for it; then it is tried again a second later at the earliest. Also false where there is no memory.
  bool start();

  /// While it had tasks of late, it got less than a quarter of a CPU, and others than the loop's thread had it: whoever
  /// must go on does its work itself for now. What is in line already stays there.
  bool is_starved() const { return loop_.now() < starved_until_; }

  /// The CPU time that it has had. Any thread.
  std::chrono::nanoseconds cpu_time() const;

  /// What is to be done, with all that it needs.
  class Task {
   public:
    Task() = default;
    Task(const Task&) = delete;
    Task& operator=(const Task&) = delete;
    virtual ~Task() = default;
    /// On the side thread.
    virtual void run() = 0;
  };

  /// Somebody's wait for a task. Does not move.
  class Work {
   public:
    /// The slot is woken once done() is true. Throws std::bad_alloc.
    Work(SideThread& thread, Slot& slot, std::unique_ptr<Task> task);
    Work(const Work&) = delete;
    Work& operator=(const Work&) = delete;
    /// The task is not done any more; one that has begun comes to its end, and goes then.
    ~Work();

    bool done() const { return state_ == State::done; }
    /// Gives the task back once it is done, or throws what left it.
    std::unique_ptr<Task> take() {
      if (failure_) std::rethrow_exception(failure_);
      return std::move(task_);
    }

   private:
    friend class SideThread;
    enum class State : std::uint8_t { in_line, handed, done };

    SideThread& thread_;
    Slot& slot_;
    std::unique_ptr<Task> task_;
    std::exception_ptr failure_;
    std::list<Work*>::iterator position_;  ///< while it is in line
    State state_ = State::in_line;
  };

 private:
  enum class Hand : std::uint8_t { empty, handed, begun, ended };

  bool make();
  bool prepare();
  net::awaitable<void> collect(SlotPtr slot);
  void hand_over();
  void conclude();
  void begin_measuring();
  void end_measuring();
  struct CpuTimes {
    std::chrono::nanoseconds side{0};
    std::chrono::nanoseconds loop{0};
  };
  CpuTimes cpu_times() const;
  void run();

  EventLoop& loop_;
  const std::string name_;
  Clock::time_point not_before_{};  ///< when starting it is tried again
  // How much CPU time both threads had while there was a task in hand.
  Clock::time_point measured_from_{};
  Clock::time_point measured_to_{};
  CpuTimes then_;
  Clock::duration in_hand_{0};
  CpuTimes meanwhile_;
  Clock::time_point starved_until_{};
  std::list<Work*> line_;
  Work* waiting_ = nullptr;  ///< for the task in hand; null if nobody does any more
  int nice_ = 0;
  Descriptor ended_;  ///< an eventfd: the side thread has ended a task
  static constexpr clockid_t kNoClock = -1;
  std::atomic<clockid_t> clock_{kNoClock};
  std::atomic<bool> stopping_{false};
  sem_t called_{};  ///< there is a task in hand, or it is to stop
  // Of the side thread while `hand_` is begun, and else of the loop's.
  std::unique_ptr<Task> task_;
  std::exception_ptr failure_;
  std::atomic<Hand> hand_{Hand::empty};
  std::thread thread_;
};

}  // namespace weir::io
