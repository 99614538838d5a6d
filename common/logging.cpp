#include "common/logging.hpp"

#include <spdlog/async.h>
#include <spdlog/details/file_helper.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>
#include <vector>

namespace weir {

namespace {

class FileSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit FileSink(const std::string& file) : file_(file), helper_(open()) {}

  /// Throws where the file cannot be opened; the old one is then kept.
  void reopen() {
    std::unique_ptr<spdlog::details::file_helper> next = open();
    const std::lock_guard<std::mutex> lock(mutex_);
    helper_ = std::move(next);
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    helper_->write(line);
  }
  void flush_() override { helper_->flush(); }

 private:
  std::unique_ptr<spdlog::details::file_helper> open() const {
    auto helper = std::make_unique<spdlog::details::file_helper>();
    helper->open(file_);
    return helper;
  }

  const std::string file_;
  std::unique_ptr<spdlog::details::file_helper> helper_;
};

struct OpenFiles {
  std::mutex mutex;
  std::vector<std::weak_ptr<FileSink>> sinks;
};

OpenFiles& open_files() {
  static OpenFiles files;
  return files;
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

}  // namespace

void start_logging(const LogTarget& target) {
  constexpr std::size_t kQueue = 8192;
  spdlog::init_thread_pool(kQueue, 1);
  auto logger = std::make_shared<spdlog::async_logger>("weir", make_line_sink(target.file), spdlog::thread_pool(),
                                                       spdlog::async_overflow_policy::overrun_oldest);
  if (target.json) {
    logger->set_formatter(std::make_unique<JsonFormatter>());
  } else {
    logger->set_formatter(
        std::make_unique<spdlog::pattern_formatter>("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc));
  }
  logger->set_level(target.level);
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(logger));
}

void stop_logging() {
  // The logger and its sinks go after spdlog's thread, which writes through them, has been joined.
  const std::shared_ptr<spdlog::logger> logger = spdlog::default_logger();
  spdlog::shutdown();
}

void reopen_log_files() {
  const std::lock_guard<std::mutex> lock(open_files().mutex);
  for (const std::weak_ptr<FileSink>& weak : open_files().sinks) {
    const std::shared_ptr<FileSink> sink = weak.lock();
    if (!sink) continue;
    try {
      sink->reopen();
    } catch (const std::exception& error) {
      spdlog::error("cannot reopen a log file, going on with the old one: {}", error.what());
    }
  }
}

std::shared_ptr<spdlog::sinks::sink> make_line_sink(const std::string& file) {
  if (file == "-") return std::make_shared<spdlog::sinks::stderr_sink_mt>();
  auto sink = std::make_shared<FileSink>(file);
  const std::lock_guard<std::mutex> lock(open_files().mutex);
  open_files().sinks.push_back(sink);
  return sink;
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

std::uint64_t LogLimiter::admit(std::chrono::steady_clock::time_point now) {
  const std::lock_guard<std::mutex> lock(mutex_);
  ++events_;
  if (now < next_) return 0;
  next_ = now + std::chrono::seconds(1);
  return std::exchange(events_, 0);
}

}  // namespace weir
