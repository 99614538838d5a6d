#include "server/observe/access_log.hpp"

#include <spdlog/pattern_formatter.h>
#include <unistd.h>

#include <algorithm>
#include <new>
#include <utility>

#include "common/stop_signals.hpp"

namespace weir {

bool AccessLog::Queue::wants(SessionEnd end, Time now) {
  const bool failed = is_failure(end);
  const Settings settings = settings_.load(std::memory_order_relaxed);
  logged_ = is_for_the_log(settings, failed);
  return logged_ || (settings.remember && is_to_be_remembered(failed, now));
}

bool AccessLog::Queue::is_for_the_log(Settings settings, bool failed) {
  if (settings.sample == 0) return false;
  if (settings.only_failed) {
    if (failed) return true;
    if (settings.sample == 1) return false;
  }
  if (++count_ < settings.sample) return false;
  count_ = 0;
  return true;
}

bool AccessLog::Queue::is_to_be_remembered(bool failed, Time now) {
  if (!failed) {
    if (now < next_other_) return false;
    next_other_ = now + kRememberedPause;
    return true;
  }
  if (now >= more_failures_) {
    more_failures_ = now + std::chrono::seconds(1);
    failures_left_ = kRememberedFailures;
  }
  if (failures_left_ == 0) return false;
  --failures_left_;
  return true;
}

void AccessLog::Queue::push(SessionRecord record) {
  bool first = false;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    record.logged = logged_ && open_;  // the log may have been switched off since
    if (records_.size() >= kQueueLimit) {
      dropped_ += record.logged ? 1 : 0;
      return;
    }
    try {
      first = records_.empty();
      records_.push_back(std::move(record));
    } catch (const std::bad_alloc&) {
      dropped_ += record.logged ? 1 : 0;
      return;
    }
  }
  if (first) log_->wake();
}

void AccessLog::Queue::set(Settings settings) {
  const std::lock_guard<std::mutex> lock(mutex_);
  open_ = settings.sample > 0;
  settings_.store(settings, std::memory_order_relaxed);
}

AccessLog::AccessLog(const AccessLogConfig& config, std::size_t workers, bool remember)
    : queues_(workers), batches_(workers), sink_(std::make_shared<LogSink>(nullptr)) {
  for (Queue& queue : queues_) queue.log_ = this;
  lines_ = std::make_unique<spdlog::logger>("access", sink_);
  lines_->set_formatter(std::make_unique<spdlog::pattern_formatter>("%v"));
  // By default spdlog reports on stderr what it could not log, which may block.
  lines_->set_error_handler([sink = sink_.get()](const std::string&) { sink->count_lost(1); });
  apply(prepare(config, remember));
  take_next();  // the writer does not run yet
  writer_ = std::thread([this] {
    hold_signals();
    run();
    written_.set_value();
  });
}

AccessLog::Prepared AccessLog::prepare(const AccessLogConfig& config, bool remember) {
  Prepared prepared;
  prepared.settings_.sample = config.enabled ? config.sample : 0;
  prepared.settings_.only_failed = config.only == AccessLogConfig::Only::failed;
  prepared.settings_.remember = remember;
  prepared.format_ = config.format;
  if (config.enabled) prepared.destination_ = LogDestination::open(config.file);
  return prepared;
}

void AccessLog::apply(Prepared prepared) {
  const bool enabled = prepared.destination_ != nullptr;
  remember_.store(prepared.settings_.remember, std::memory_order_relaxed);
  // The writer never has a record for the log without a destination: that comes before the first, and goes after the
  // last.
  if (!enabled) set_queues(prepared.settings_);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const Time until = std::chrono::steady_clock::now() + LogSink::kLeaving;
    if (enabled) {
      prepared.destination_.swap(next_);
      next_format_ = prepared.format_;
      leave_.reset();
    } else {
      leave_ = until;
    }
    sink_->hurry(until);
    work_ = true;
  }
  if (enabled) set_queues(prepared.settings_);
  woken_.notify_one();
}

void AccessLog::set_queues(Settings settings) {
  for (Queue& queue : queues_) queue.set(settings);
}

std::uint64_t AccessLog::close() {
  if (!writer_.joinable()) return 0;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  woken_.notify_one();
  if (!finish_within({.total = std::chrono::seconds(4)}, *sink_, written_.get_future())) ::_exit(0);
  writer_.join();
  const std::uint64_t lost = unsaid_.count;
  say_losses();
  return lost;
}

void AccessLog::wake() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    work_ = true;
  }
  woken_.notify_one();
}

void AccessLog::run() {
  // After a batch the writer lets records pile up, so that a storm of short connections costs few wake-ups.
  constexpr std::chrono::milliseconds kGather{10};
  const auto wanted = [this] { return work_ || stopping_; };
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    if (unsaid_.count == 0) {
      woken_.wait(lock, wanted);
    } else if (!woken_.wait_until(lock, say_next_, wanted)) {
      say_losses();
      continue;
    }
    const bool last = stopping_;
    work_ = false;
    lock.unlock();
    for (bool more = true; more;) {
      more = write_all();
      // close() reports what is lost at the end.
      if (!last && !sink_->given_up() && std::chrono::steady_clock::now() >= say_next_) say_losses();
    }
    lock.lock();
    if (last) return;
    woken_.wait_for(lock, kGather, [this] { return stopping_; });
  }
}

bool AccessLog::write_all() {
  const bool open = collect();
  take_next();  // after that, because what was just taken may be the first that goes there
  bool any = false;
  for (const std::vector<SessionRecord>& batch : batches_) {
    if (remember_.load(std::memory_order_relaxed)) recent_.add(batch);  // first, because the log may take its time
    any = any || !batch.empty();
  }
  if (any) {
    write(0);
    while (const std::size_t left_over = sink_->take_left_over()) write_left_over(left_over);
  }
  for (std::vector<SessionRecord>& batch : batches_) batch = {};
  const LogSink::Losses lost = sink_->take_losses();
  count_lost(lost.count);
  if (lost.error != 0) unsaid_.error = lost.error;
  return !leave(open) || any;
}

bool AccessLog::collect() {
  bool open = false;
  for (std::size_t i = 0; i < queues_.size(); ++i) {
    const std::lock_guard<std::mutex> lock(queues_[i].mutex_);
    batches_[i].swap(queues_[i].records_);
    count_lost(std::exchange(queues_[i].dropped_, 0));
    open = open || queues_[i].open_;
  }
  return open;
}

bool AccessLog::take_next() {
  std::shared_ptr<LogDestination> before;  // may be closed, once the mutex is free
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!next_) return false;
  before = sink_->change(std::move(next_));
  format_ = next_format_;
  if (leave_) sink_->hurry(*leave_);
  return true;
}

bool AccessLog::leave(bool open) {
  std::shared_ptr<LogDestination> before;
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!leave_) return true;
  if (open || next_) return false;
  leave_.reset();
  before = sink_->change(nullptr);
  return true;
}

void AccessLog::count_lost(std::uint64_t count) {
  unsaid_.count += count;
  lost_.fetch_add(count, std::memory_order_relaxed);
}

void AccessLog::write(std::size_t skipped) {
  for (const std::vector<SessionRecord>& batch : batches_) {
    for (const SessionRecord& record : batch) {
      if (!record.logged) continue;
      if (skipped > 0) {
        --skipped;
      } else if (sink_->given_up()) {
        sink_->count_lost(1);
      } else {
        lines_->info("{}", format_ == LogFormat::json ? to_json(record) : to_text(record));
      }
    }
  }
  lines_->flush();
}

void AccessLog::write_left_over(std::size_t count) {
  if (sink_->given_up() || !take_next()) {
    sink_->count_lost(count);
    return;
  }
  std::size_t logged = 0;
  for (const std::vector<SessionRecord>& batch : batches_) {
    logged +=
        static_cast<std::size_t>(std::count_if(batch.begin(), batch.end(), [](const auto& one) { return one.logged; }));
  }
  write(logged - count);
}

void AccessLog::say_losses() {
  if (unsaid_.count == 0) return;
  spdlog::warn("{} connection records were lost: {}", unsaid_.count, unsaid_.reason());
  unsaid_ = {};
  say_next_ = std::chrono::steady_clock::now() + std::chrono::seconds(1);
}

}  // namespace weir
