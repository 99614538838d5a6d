#pragma once

#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "common/log_destination.hpp"

namespace weir {

/// spdlog's way to a LogDestination: gathers messages until flush() and counts what it could not write. One thread logs
/// and flushes; others may make it give up, or hurry before it changes its destination.
class LogSink : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  using Time = LogDestination::Time;

  /// Without a destination everything is lost.
  explicit LogSink(std::shared_ptr<LogDestination> destination) : destination_(std::move(destination)) {}

  /// How long a destination that is about to be left may still keep what it gets waiting.
  static constexpr std::chrono::milliseconds kLeaving{300};  // less than any FlushBound, which it may be part of
  /// From `until` on, its destination is waited for no more: what it does not take at once is left over, and so are all
  /// messages that follow, until change() is called. Any thread, as long as that call is still to come.
  void hurry(Time until);
  /// Writes to another destination from now on, or to none; returns the one before. Flush before. The thread that logs.
  std::shared_ptr<LogDestination> change(std::shared_ptr<LogDestination> next);
  /// How many of the last messages were left over, for the caller to log again or to count as lost. The thread that
  /// logs, after a flush.
  std::size_t take_left_over() { return std::exchange(left_over_, 0); }

  /// From now on messages are only counted as lost, and a write that waits ends soon; repeat it until it has. Any
  /// thread.
  void give_up();
  bool given_up() const { return given_up_; }

  struct Losses {
    std::uint64_t count = 0;
    int error = 0;  ///< errno of the last write that failed; 0: nothing was taken in time
    /// "they could not be written in time" or "No space left on device".
    std::string reason() const;
  };
  /// Messages lost since the last call. Any thread, one at a time.
  Losses take_losses();
  /// Counts messages that were lost before they came here. Any thread.
  void count_lost(std::uint64_t count) {
    lost_.fetch_add(count, std::memory_order_relaxed);
    lost_in_all_.fetch_add(count, std::memory_order_relaxed);
  }
  /// Messages lost since the start. Any thread.
  std::uint64_t lost_in_all() const { return lost_in_all_.load(std::memory_order_relaxed); }

  /// Grows whenever anybody writes to this destination, or a message comes here. Any thread.
  std::uint64_t progress() const;
  bool may_block() const;

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override;
  /// Adds a line that reports so many losses, 0 if it is a message like any other. If the report is lost,
  /// take_losses() has these losses again.
  void append(const spdlog::details::log_msg& message, std::uint64_t reported = 0);
  /// For take_losses() to have them again.
  void return_losses(std::uint64_t count) { lost_.fetch_add(count, std::memory_order_relaxed); }

 private:
  struct Entry {
    std::size_t end;  ///< in `text_`
    std::uint64_t reported;
  };

  mutable std::mutex change_mutex_;
  std::shared_ptr<LogDestination> destination_;  ///< changed under the mutex by the thread that logs, which reads it so
  LogDestination::Deadline until_{LogDestination::kNever};
  bool late_ = false;  ///< `until_` came
  std::size_t left_over_ = 0;
  spdlog::memory_buf_t text_;
  spdlog::memory_buf_t line_;
  std::vector<Entry> entries_;
  std::atomic<bool> given_up_{false};
  std::atomic<std::uint64_t> came_{0};
  std::atomic<std::uint64_t> lost_{0};  ///< and not taken yet
  std::atomic<std::uint64_t> lost_in_all_{0};
  std::atomic<int> error_{0};
};

/// How long the last flush may take. A disk takes what it is given, if slowly; half a second without any progress
/// counts only for what may block.
struct FlushBound {
  std::chrono::milliseconds total;
  std::chrono::milliseconds idle{500};
};

/// Waits until `written`, which is set once all was written to the sink, and makes the sink give up where that takes
/// longer than the bound, or another SIGTERM comes and nothing moves. False when its thread does not come back
/// even then, because a file system hangs.
[[nodiscard]] bool finish_within(FlushBound bound, LogSink& sink, const std::future<void>& written);

}  // namespace weir
