#include "common/logging.hpp"

#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/pattern_formatter.h>
#include <unistd.h>

#include <atomic>
#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <deque>
#include <exception>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "common/journal.hpp"
#include "common/log_sink.hpp"
#include "common/stop_signals.hpp"

namespace weir {

namespace {

constexpr auto kOverflow = spdlog::async_overflow_policy::overrun_oldest;

std::string describe(const LogSink::Losses& losses) {
  return fmt::format("{} log messages were lost: {}", losses.count, losses.reason());
}

/// Says in the log itself how many messages are missing in front of the next one, and changes to other destinations
/// where they were asked for among the messages.
class MessageSink : public LogSink {
 public:
  MessageSink(std::shared_ptr<LogDestination> destination, spdlog::details::thread_pool& queue)
      : LogSink(std::move(destination)), queue_(queue) {}

  /// Messages that are missing and that no line says yet.
  Losses unsaid() {
    Losses losses = take_losses();
    const std::uint64_t overruns = overrun();
    if (overruns > overruns_) losses.count += overruns - std::exchange(overruns_, overruns);
    return losses;
  }

  /// Messages that the queue lost since the start. Any thread.
  std::uint64_t overrun() const {
    const std::uint64_t marks = lost_marks_.load();  // first, because each is in the other number by then
    return queue_.overrun_counter() - marks;
  }

  struct Change {
    std::shared_ptr<LogDestination> destination;
    std::unique_ptr<spdlog::formatter> formatter;
  };
  /// The change that is made once reach() is called with the number that this returns. Control thread.
  std::uint64_t ask_for(Change change) {
    const std::lock_guard<std::mutex> lock(changes_mutex_);
    const Time until = std::chrono::steady_clock::now() + kLeaving;
    changes_.push_back({std::move(change), until, queue_.overrun_counter()});
    if (changes_.size() == 1) hurry(until);
    return asked_++;
  }
  /// spdlog's thread.
  void reach(std::uint64_t number) {
    while (made_ <= number && make_next()) {
    }
  }
  /// A mark that would have called reach() was lost. Any thread.
  void count_lost_mark() { lost_marks_.fetch_add(1); }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    do {
      if (!given_up()) {
        if (a_mark_may_be_lost()) {
          while (make_next()) {
          }
        }
        say_losses();
      }
      LogSink::sink_it_(message);
      flush_();
    } while (take_left_over() > 0 && goes_on_elsewhere());
  }

 private:
  struct Asked {
    Change change;
    Time until;
    std::uint64_t overruns;  ///< of the queue before
  };

  void say_losses() {
    const Losses losses = unsaid();
    if (losses.count == 0) return;
    try {
      const std::string text = describe(losses);
      append({"weir", spdlog::level::warn, text}, losses.count);
    } catch (...) {
      return_losses(losses.count);  // for the next message to say
      throw;
    }
  }

  bool a_mark_may_be_lost() {
    const std::lock_guard<std::mutex> lock(changes_mutex_);
    return !changes_.empty() && changes_.front().overruns != queue_.overrun_counter();
  }

  bool goes_on_elsewhere() {
    if (!given_up() && make_next()) return true;
    count_lost(1);
    return false;
  }

  bool make_next() {
    std::shared_ptr<LogDestination> before;  // may be closed, once the mutex is free
    const std::lock_guard<std::mutex> lock(changes_mutex_);
    if (changes_.empty()) return false;
    Change next = std::move(changes_.front().change);
    changes_.pop_front();
    ++made_;
    before = change(std::move(next.destination));
    formatter_ = std::move(next.formatter);
    if (!changes_.empty()) hurry(changes_.front().until);
    return true;
  }

  spdlog::details::thread_pool& queue_;  // outlives its thread, which is the one that logs here
  std::uint64_t overruns_ = 0;
  std::atomic<std::uint64_t> lost_marks_{0};
  std::mutex changes_mutex_;
  std::deque<Asked> changes_;
  std::uint64_t asked_ = 0;  ///< under the mutex
  std::uint64_t made_ = 0;   ///< spdlog's thread
};

/// The place among the messages where a change was asked for.
class ChangeMark : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  explicit ChangeMark(std::shared_ptr<MessageSink> changing) : sink_(std::move(changing)) {}
  ~ChangeMark() override {
    if (number_ && !reached_.load(std::memory_order_acquire)) sink_->count_lost_mark();
  }
  ChangeMark(const ChangeMark&) = delete;
  ChangeMark& operator=(const ChangeMark&) = delete;

  void set_number(std::uint64_t number) { number_ = number; }

 protected:
  void sink_it_(const spdlog::details::log_msg&) override {
    sink_->reach(*number_);
    // The destructor may run in another thread. libspdlog counts the owners, where ThreadSanitizer does not see it.
    reached_.store(true, std::memory_order_release);
  }
  void flush_() override {}

 private:
  const std::shared_ptr<MessageSink> sink_;
  std::optional<std::uint64_t> number_;
  std::atomic<bool> reached_{false};
};

/// Tells when everything that was logged before has been written.
class EndMark : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  std::future<void> reached() { return reached_.get_future(); }

 protected:
  void sink_it_(const spdlog::details::log_msg&) override { reached_.set_value(); }
  void flush_() override {}

 private:
  std::promise<void> reached_;
};

/// What start_logging() made.
struct Log {
  std::shared_ptr<spdlog::details::thread_pool> queue;
  std::shared_ptr<MessageSink> sink;
  bool is_stderr = true;
};

Log& the_log() {
  static Log log;
  return log;
}

/// Returns false where stderr takes nothing and the thread that writes hangs in it.
bool say_on_stderr(const std::string& text) try {
  const auto sink = std::make_shared<LogSink>(LogDestination::open("-"));
  sink->set_pattern("weir: %v");
  if (stderr_is_journal()) sink->set_pattern(priority_prefix(Priority::warning) + "weir: %v");
  std::packaged_task<void()> say([sink, text] {
    hold_signals();
    sink->log({"weir", spdlog::level::warn, text});
    sink->flush();
  });
  const std::future<void> written = say.get_future();
  std::thread(std::move(say)).detach();  // it may have to be left behind
  return finish_within({.total = std::chrono::milliseconds(500)}, *sink, written);
} catch (const std::exception&) {
  return true;  // nothing hangs, and there is no other place to say it
}

class JsonFormatter : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& line) override {
    const spdlog::string_view_t level = spdlog::level::to_string_view(message.level);
    fmt::format_to(std::back_inserter(line), "{{\"time\":\"{}\",\"level\":\"{}\",\"message\":{}}}\n",
                   format_time(message.time), std::string_view(level.data(), level.size()),
                   json_quote({message.payload.data(), message.payload.size()}));
  }
  std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<JsonFormatter>(); }
};

Priority priority_of(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::trace:
    case spdlog::level::debug:
      return Priority::debug;
    case spdlog::level::warn:
      return Priority::warning;
    case spdlog::level::err:
      return Priority::error;
    case spdlog::level::critical:
      return Priority::critical;
    default:
      return Priority::info;
  }
}

/// Lines for the journal: the priority in front of what another formatter writes.
class JournalFormatter : public spdlog::formatter {
 public:
  explicit JournalFormatter(std::unique_ptr<spdlog::formatter> line) : line_(std::move(line)) {}

  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& line) override {
    const std::string prefix = priority_prefix(priority_of(message.level));
    line.append(prefix.data(), prefix.data() + prefix.size());
    line_->format(message, line);
  }
  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<JournalFormatter>(line_->clone());
  }

 private:
  const std::unique_ptr<spdlog::formatter> line_;
};

std::unique_ptr<spdlog::formatter> make_formatter(bool json, bool journal) {
  std::unique_ptr<spdlog::formatter> line;
  if (json) {
    line = std::make_unique<JsonFormatter>();
  } else {
    // The journal has the time of each line.
    const char* const pattern = journal ? "%l %v" : "%Y-%m-%dT%H:%M:%S.%eZ %l %v";
    line = std::make_unique<spdlog::pattern_formatter>(pattern, spdlog::pattern_time_type::utc);
  }
  if (journal) line = std::make_unique<JournalFormatter>(std::move(line));
  return line;
}

}  // namespace

void start_logging(const LogTarget& target) {
  constexpr std::size_t kQueue = 8192;
  std::shared_ptr<LogDestination> destination = LogDestination::open(target.file);
  Log& log = the_log();
  log.is_stderr = target.file == "-";
  log.queue = std::make_shared<spdlog::details::thread_pool>(kQueue, 1, hold_signals);
  log.sink = std::make_shared<MessageSink>(std::move(destination), *log.queue);
  auto logger = std::make_shared<spdlog::async_logger>("weir", log.sink, log.queue, kOverflow);
  logger->set_formatter(make_formatter(target.json, log.is_stderr && stderr_is_journal()));
  logger->set_level(target.level);
  logger->flush_on(spdlog::level::trace);
  // By default spdlog says on stderr what it could not log, which may block.
  logger->set_error_handler([sink = log.sink.get()](const std::string&) { sink->count_lost(1); });
  spdlog::set_default_logger(std::move(logger));
}

struct PreparedLog::Parts {
  spdlog::level::level_enum level;
  bool is_stderr;
  MessageSink::Change change;
  std::shared_ptr<ChangeMark> mark;
  std::shared_ptr<spdlog::async_logger> logger;  ///< has the mark as its sink
};

PreparedLog::PreparedLog(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
PreparedLog::PreparedLog(PreparedLog&&) noexcept = default;
PreparedLog& PreparedLog::operator=(PreparedLog&&) noexcept = default;
PreparedLog::~PreparedLog() = default;

PreparedLog prepare_log(const LogTarget& target) {
  const Log& log = the_log();
  const bool is_stderr = target.file == "-";
  auto mark = std::make_shared<ChangeMark>(log.sink);
  auto logger = std::make_shared<spdlog::async_logger>("change", mark, log.queue, kOverflow);
  return PreparedLog(std::make_unique<PreparedLog::Parts>(PreparedLog::Parts{
      target.level,
      is_stderr,
      {LogDestination::open(target.file), make_formatter(target.json, is_stderr && stderr_is_journal())},
      std::move(mark),
      std::move(logger)}));
}

void apply_log(PreparedLog prepared) {
  Log& log = the_log();
  PreparedLog::Parts& parts = *prepared.parts_;
  log.is_stderr = parts.is_stderr;
  set_log_level(parts.level);
  parts.mark->set_number(log.sink->ask_for(std::move(parts.change)));
  parts.logger->info("");
}

void set_log_level(spdlog::level::level_enum level) { spdlog::default_logger_raw()->set_level(level); }

spdlog::level::level_enum log_level() { return spdlog::default_logger_raw()->level(); }

std::uint64_t lost_log_lines() {
  const Log& log = the_log();
  return log.sink ? log.sink->lost_in_all() + log.sink->overrun() : 0;
}

LogEnd stop_logging() {
  Log& log = the_log();
  const auto mark = std::make_shared<EndMark>();
  const std::future<void> written = mark->reached();
  // The loggers and their sinks go after spdlog's thread, which writes through them, has been joined.
  const auto last = std::make_shared<spdlog::async_logger>("end", mark, log.queue, kOverflow);
  const std::shared_ptr<spdlog::logger> logger = spdlog::default_logger();
  last->info("");
  LogEnd end;
  end.finished = finish_within({.total = std::chrono::seconds(1)}, *log.sink, written);
  if (!end.finished) return end;
  if (const LogSink::Losses losses = log.sink->unsaid(); losses.count > 0) end.losses = describe(losses);
  if (!end.losses.empty() && !log.is_stderr) end.finished = say_on_stderr(end.losses);
  if (!end.finished) return end;
  log.queue.reset();
  spdlog::shutdown();
  log = {};
  return end;
}

void reopen_log_files() {
  for (const std::shared_ptr<LogDestination>& destination : LogDestination::all()) {
    try {
      destination->reopen();
    } catch (const std::exception& error) {
      spdlog::error("cannot reopen a log file, going on with the old one: {}", error.what());
    }
  }
}

std::string json_quote(std::string_view text) { return boost::json::serialize(boost::json::string_view(text)); }

std::string format_time(std::chrono::system_clock::time_point time) {
  using namespace std::chrono;
  const std::time_t seconds = system_clock::to_time_t(floor<std::chrono::seconds>(time));
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  const auto millis = duration_cast<milliseconds>(time - floor<std::chrono::seconds>(time)).count();
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                     utc.tm_hour, utc.tm_min, utc.tm_sec, millis);
}

std::string times_since_last_said(std::uint64_t times) {
  return times > 1 ? fmt::format(" ({} times since the last message)", times) : "";
}

std::uint64_t LogLimiter::admit(std::chrono::steady_clock::time_point now) {
  const std::lock_guard<std::mutex> lock(mutex_);
  ++events_;
  if (now < next_) return 0;
  next_ = now + std::chrono::seconds(1);
  return std::exchange(events_, 0);
}

}  // namespace weir
