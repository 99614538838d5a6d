#pragma once

#include <spdlog/spdlog.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

/// The daemon's own log: spdlog's default logger, written by spdlog's thread, so that a slow disk or terminal never
/// holds a worker up. What finds no place in its queue is counted, and said once the log can be written again. Call
/// `spdlog::info(…)` and the like from any thread.
namespace weir {

struct LogTarget {
  spdlog::level::level_enum level = spdlog::level::info;
  bool json = false;       ///< one JSON object a line instead of `time level message`
  std::string file = "-";  ///< "-" is stderr
};

/// Sets the default logger up. Throws std::runtime_error when the file cannot be opened. Main thread, once. Where the
/// log goes to the journal, each line begins with its priority, and a line of text has no time, because the journal has
/// it.
void start_logging(const LogTarget& target);

/// Another target for the log that runs, with its file opened. It has no effect until it is applied.
class PreparedLog {
 public:
  PreparedLog(PreparedLog&&) noexcept;
  PreparedLog& operator=(PreparedLog&&) noexcept;
  ~PreparedLog();

 private:
  struct Parts;
  explicit PreparedLog(std::unique_ptr<Parts> parts);
  friend PreparedLog prepare_log(const LogTarget& target);
  friend void apply_log(PreparedLog prepared);

  std::unique_ptr<Parts> parts_;
};

/// Throws std::runtime_error when the file cannot be opened. One that a log writes already is shared. Any thread, while
/// the log runs.
PreparedLog prepare_log(const LogTarget& target);

/// Switches the log to the target; never fails and never waits. The level counts from the next message on, and these
/// go to the new destination. What was logged before is still written to the old one by the log's own thread, but to
/// the new one if the old takes nothing for LogSink::kLeaving, or messages are being lost. Control thread, while the
/// log runs.
void apply_log(PreparedLog prepared);

/// What is below the level is not logged, from the next message on. Any thread, while the log runs.
void set_log_level(spdlog::level::level_enum level);
spdlog::level::level_enum log_level();

/// Messages lost since the start: there was no place in the queue, or they could not be written. Any thread, while the
/// log runs.
std::uint64_t lost_log_lines();

/// What became of the log.
struct LogEnd {
  std::string losses;    ///< how many messages were lost of which the log itself says nothing; empty where none were
  bool finished = true;  ///< false: a thread that writes hangs, and only _exit(2) can leave it
};

/// Writes what is queued, with a bound, and ends spdlog's thread. What was lost is said on stderr where the log is
/// elsewhere. Main thread, last.
LogEnd stop_logging();

/// Opens all log files anew, as logrotate wishes (SIGUSR1). Never waits for who writes or reads them. Any thread.
void reopen_log_files();

/// Text as a JSON string, quotes included.
std::string json_quote(std::string_view text);

/// RFC 3339 in UTC with milliseconds: `2025-01-31T12:00:00.123Z`.
std::string format_time(std::chrono::system_clock::time_point time);

/// What a message says of the events before it that LogLimiter held back: nothing where there were none, or
/// " (3 times since the last message)".
std::string times_since_last_said(std::uint64_t times);

/// Lets one event in a second through, so that a flood says itself once, and counts the rest. Any thread.
class LogLimiter {
 public:
  /// How many events were held back since the last one let through, plus one; 0 while this one is held back.
  std::uint64_t admit(std::chrono::steady_clock::time_point now);

 private:
  std::mutex mutex_;
  std::chrono::steady_clock::time_point next_{};
  std::uint64_t events_ = 0;
};

}  // namespace weir
