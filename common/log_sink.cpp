#include "common/log_sink.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "common/stop_signals.hpp"

namespace weir {

namespace {

/// What is gathered before it is written without a flush.
constexpr std::size_t kGathered = 65536;

constexpr std::chrono::milliseconds kTick{10};

/// How long without progress once a second signal wants the end at once.
constexpr std::chrono::milliseconds kIdleInAHurry{100};

/// How long to go on interrupting a thread that no signal reaches.
constexpr std::chrono::seconds kCalled{1};

}  // namespace

std::string LogSink::Losses::reason() const {
  return error == 0 ? "they could not be written in time" : std::strerror(error);
}

void LogSink::give_up() {
  given_up_ = true;
  const std::lock_guard<std::mutex> lock(change_mutex_);
  if (destination_) destination_->interrupt();
}

void LogSink::hurry(Time until) {
  const std::lock_guard<std::mutex> lock(change_mutex_);
  until_ = std::min(until_.load(), until);
  if (destination_) destination_->interrupt();
}

std::shared_ptr<LogDestination> LogSink::change(std::shared_ptr<LogDestination> next) {
  const std::lock_guard<std::mutex> lock(change_mutex_);
  until_ = LogDestination::kNever;
  late_ = false;
  return std::exchange(destination_, std::move(next));
}

std::uint64_t LogSink::progress() const {
  const std::lock_guard<std::mutex> lock(change_mutex_);
  return (destination_ ? destination_->progress() : 0) + came_.load(std::memory_order_relaxed);
}

bool LogSink::may_block() const {
  const std::lock_guard<std::mutex> lock(change_mutex_);
  return destination_ && destination_->may_block();
}

LogSink::Losses LogSink::take_losses() {
  Losses losses;
  losses.count = lost_.exchange(0, std::memory_order_relaxed);
  losses.error = error_.exchange(0, std::memory_order_relaxed);
  return losses;
}

void LogSink::sink_it_(const spdlog::details::log_msg& message) {
  came_.fetch_add(1, std::memory_order_relaxed);
  if (given_up_) {
    count_lost(1);
    return;
  }
  if (late_) {
    ++left_over_;
    return;
  }
  append(message);
  if (text_.size() >= kGathered) flush_();
}

void LogSink::append(const spdlog::details::log_msg& message, std::uint64_t reported) {
  line_.clear();
  formatter_->format(message, line_);
  text_.reserve(text_.size() + line_.size());  // first all that may fail
  entries_.push_back({text_.size() + line_.size(), reported});
  text_.append(line_.begin(), line_.end());
}

void LogSink::flush_() {
  if (entries_.empty()) return;
  LogDestination::Written written;
  if (destination_) written = destination_->write({text_.data(), text_.size()}, given_up_, until_);
  late_ = written.late && !given_up_;
  if (entries_.back().end > written.bytes) error_.store(written.error, std::memory_order_relaxed);
  for (const Entry& entry : entries_) {
    if (entry.end <= written.bytes) continue;
    if (entry.reported > 0) {
      return_losses(entry.reported);
    } else if (late_) {
      ++left_over_;
    } else {
      count_lost(1);
    }
  }
  text_.clear();
  entries_.clear();
}

bool finish_within(FlushBound bound, LogSink& sink, const std::future<void>& written) {
  using Clock = std::chrono::steady_clock;
  const bool may_block = sink.may_block();
  const Clock::time_point begin = Clock::now();
  Clock::time_point moved = begin;
  std::uint64_t progress = sink.progress();
  while (written.wait_for(kTick) != std::future_status::ready) {
    const Clock::time_point now = Clock::now();
    if (sink.given_up()) {
      if (now - moved >= kCalled) return false;
      sink.give_up();  // its thread may have missed the last call
      continue;
    }
    if (const std::uint64_t seen = sink.progress(); seen != progress) {
      progress = seen;
      moved = now;
    }
    const std::chrono::milliseconds idle = stop_signal_pending() ? kIdleInAHurry : may_block ? bound.idle : bound.total;
    if (now - begin < bound.total && now - moved < idle) continue;
    sink.give_up();
    moved = now;
  }
  return true;
}

}  // namespace weir
