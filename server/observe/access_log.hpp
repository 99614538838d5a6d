#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "common/log_sink.hpp"
#include "common/logging.hpp"
#include "server/config/server_config.hpp"
#include "server/observe/recent_records.hpp"
#include "server/observe/session_record.hpp"

namespace weir {

/// Writes the records of ended connections on a thread of its own, so that a worker never waits for a disk, and
/// remembers the newest for the admin endpoint.
///
/// Each worker hands over its records through a queue of its own: a short mutex at a connection's end, for which only
/// the writer contends, once per batch. The queues are bounded; records that do not fit, or could not be written, are
/// counted and reported in the log.
class AccessLog {
 public:
  using Time = std::chrono::steady_clock::time_point;

  static constexpr std::size_t kQueueLimit = 65536;
  /// Of the records that the log does not take, a worker hands over this many failed ones a second for the admin
  /// endpoint, and of the others one in each pause, so that a storm of connections costs no more.
  static constexpr std::uint32_t kRememberedFailures = 100;
  static constexpr std::chrono::milliseconds kRememberedPause{10};

  /// What a worker has to know of the configuration: one word, which it reads once for each connection.
  struct alignas(8) Settings {
    std::uint32_t sample = 0;  ///< 0: nothing is written
    bool only_failed = false;
    bool remember = false;
  };

  /// A worker's end of the log.
  class Queue {
   public:
    /// Whether the record of a connection that ended so is wanted. Ask once for each connection, and push() its record
    /// before you ask for the next. Worker's thread.
    bool wants(SessionEnd end, Time now);
    /// Worker's thread.
    void push(SessionRecord record);

   private:
    friend class AccessLog;
    void set(Settings settings);
    bool is_for_the_log(Settings settings, bool failed);
    bool is_to_be_remembered(bool failed, Time now);

    AccessLog* log_ = nullptr;
    std::atomic<Settings> settings_{};
    static_assert(std::atomic<Settings>::is_always_lock_free);
    bool logged_ = true;  ///< of the record that was last wanted
    std::uint32_t count_ = 0;
    std::uint32_t failures_left_ = 0;
    Time more_failures_{};  ///< when there may be kRememberedFailures again
    Time next_other_{};
    std::mutex mutex_;
    bool open_ = false;  ///< records for the log still come
    std::vector<SessionRecord> records_;
    std::uint64_t dropped_ = 0;
  };

  /// Other settings for a log that runs, with their file opened. It has no effect until it is applied.
  class Prepared {
    friend class AccessLog;
    Settings settings_;
    LogFormat format_ = LogFormat::text;
    std::shared_ptr<LogDestination> destination_;  ///< null where nothing is written
  };
  /// Throws std::runtime_error when the file cannot be opened. A file that a log writes already is shared. Any thread.
  static Prepared prepare(const AccessLogConfig& config, bool remember);
  /// Switches to the settings; never fails and never waits for a log. Connections that end from now on go by them, and
  /// the first of these is sampled as if the settings had not changed. Records that wait to be written may go to the
  /// new file; where the log is switched off, they go to the old one. None is lost, unless the old file takes nothing
  /// for LogSink::kLeaving and there is no new one. Control thread.
  void apply(Prepared prepared);

  /// With `remember`, recent() has records whether the log is enabled or not. Throws std::runtime_error when the file
  /// cannot be opened.
  AccessLog(const AccessLogConfig& config, std::size_t workers, bool remember = false);
  ~AccessLog() { close(); }
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  Queue& queue(std::size_t worker) { return queues_[worker]; }

  /// The newest records, or the newest of connections that failed, newest first and RecentRecords::kMost at most. Any
  /// thread.
  std::vector<SessionRecord> recent(bool failed, std::size_t most) const { return recent_.newest(failed, most); }

  /// Records that the log lost since the start. Any thread.
  std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }

  /// Writes what is queued, within a time limit, and ends the thread. Returns how many records were lost and not yet
  /// reported in the log. Leaves the program by _exit(2) if the thread hangs in a file system for good: call it when
  /// nothing else is left to do. No worker may push any more.
  std::uint64_t close();

 private:
  void run();
  bool write_all();
  /// Takes what is queued; returns whether more may come for the log.
  bool collect();
  /// Changes to the destination that was applied. False if there is none.
  bool take_next();
  /// Leaves the destination where the log was switched off; false while a queue still was `open`.
  bool leave(bool open);
  /// Writes the batches without the first so many records.
  void write(std::size_t skipped);
  void write_left_over(std::size_t count);
  void set_queues(Settings settings);
  void count_lost(std::uint64_t count);
  /// Reports how many records were lost since the last time.
  void say_losses();
  void wake();

  std::vector<Queue> queues_;
  RecentRecords recent_;
  std::atomic<bool> remember_{false};
  // The writer's thread alone uses these.
  LogFormat format_ = LogFormat::text;
  std::vector<std::vector<SessionRecord>> batches_;  ///< of each queue, until they are written
  const std::shared_ptr<LogSink> sink_;
  std::unique_ptr<spdlog::logger> lines_;
  std::atomic<std::uint64_t> lost_{0};
  LogSink::Losses unsaid_;  ///< belongs to the writer's thread, and to close() once that has ended
  std::chrono::steady_clock::time_point say_next_{};
  std::mutex mutex_;
  std::condition_variable woken_;
  std::shared_ptr<LogDestination> next_;  ///< what the writer changes to, with its format
  LogFormat next_format_ = LogFormat::text;
  std::optional<Time> leave_;  ///< the log was switched off, and its destination has until then
  bool work_ = false;
  bool stopping_ = false;
  std::promise<void> written_;
  std::thread writer_;
};

}  // namespace weir
