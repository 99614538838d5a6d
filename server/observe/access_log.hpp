#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "common/log_sink.hpp"
#include "common/logging.hpp"
#include "server/config/server_config.hpp"
#include "server/observe/session_record.hpp"

namespace weir {

/// Writes the records of ended connections on a thread of its own, so that a worker never waits for a disk.
///
/// Each worker hands over its records through a queue of its own: a short mutex at a connection's end, for which only
/// the writer contends, once per batch. The queues are bounded; records that do not fit, or could not be written, are
/// counted and reported in the log.
class AccessLog {
 public:
  static constexpr std::size_t kQueueLimit = 65536;

  /// A worker's end of the log.
  class Queue {
   public:
    /// Whether the next ended connection is in the sample. Call once for each. Worker's thread.
    bool wants_next();
    /// Worker's thread.
    void push(SessionRecord record);

   private:
    friend class AccessLog;
    AccessLog* log_ = nullptr;
    std::uint32_t sample_ = 0;  ///< 0: nothing is written
    std::uint32_t count_ = 0;
    std::mutex mutex_;
    std::vector<SessionRecord> records_;
    std::uint64_t dropped_ = 0;
  };

  /// Throws std::runtime_error when the file cannot be opened.
  AccessLog(const AccessLogConfig& config, std::size_t workers);
  ~AccessLog() { close(); }
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  Queue& queue(std::size_t worker) { return queues_[worker]; }

  /// Writes what is queued, within a time limit, and ends the thread. Returns how many records were lost and not yet
  /// reported in the log. Leaves the program by _exit(2) if the thread hangs in a file system for good: call it when
  /// nothing else is left to do. No worker may push any more.
  std::uint64_t close();

 private:
  void run();
  bool write_all();
  void write(const std::vector<SessionRecord>& batch);
  /// Reports how many records were lost since the last time.
  void say_losses();
  void wake();

  const LogFormat format_;
  std::vector<Queue> queues_;
  std::shared_ptr<LogSink> sink_;
  std::unique_ptr<spdlog::logger> lines_;
  LogSink::Losses unsaid_;  ///< belongs to the writer's thread, and to close() once that has ended
  std::chrono::steady_clock::time_point say_next_{};
  std::mutex mutex_;
  std::condition_variable woken_;
  bool work_ = false;
  bool stopping_ = false;
  std::promise<void> written_;
  std::thread writer_;
};

}  // namespace weir
