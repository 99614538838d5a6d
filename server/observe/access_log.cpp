#include "server/observe/access_log.hpp"

#include <spdlog/pattern_formatter.h>
#include <unistd.h>

#include <new>
#include <utility>

#include "common/stop_signals.hpp"

namespace weir {

bool AccessLog::Queue::wants(SessionEnd end, Time now) {
  const bool failed = is_failure(end);
  logged_ = is_for_the_log(failed);
  return logged_ || is_to_be_remembered(failed, now);
}

bool AccessLog::Queue::is_for_the_log(bool failed) {
  if (sample_ == 0) return false;
  if (only_ == AccessLogConfig::Only::failed) {
    if (failed) return true;
    if (sample_ == 1) return false;
  }
  if (++count_ < sample_) return false;
  count_ = 0;
  return true;
}

bool AccessLog::Queue::is_to_be_remembered(bool failed, Time now) {
  if (!remember_) return false;
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
  record.logged = logged_;
  bool first = false;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (records_.size() >= kQueueLimit) {
      dropped_ += logged_ ? 1 : 0;
      return;
    }
    first = records_.empty();
    try {
      records_.push_back(std::move(record));
    } catch (const std::bad_alloc&) {
      dropped_ += logged_ ? 1 : 0;
      return;
    }
  }
  if (first) log_->wake();
}

AccessLog::AccessLog(const AccessLogConfig& config, std::size_t workers, bool remember)
    : format_(config.format), remember_(remember), queues_(workers) {
  for (Queue& queue : queues_) {
    queue.log_ = this;
    queue.sample_ = config.enabled ? config.sample : 0;
    queue.only_ = config.only;
    queue.remember_ = remember;
  }
  if (config.enabled) {
    sink_ = std::make_shared<LogSink>(LogDestination::open(config.file));
    lines_ = std::make_unique<spdlog::logger>("access", sink_);
    lines_->set_formatter(std::make_unique<spdlog::pattern_formatter>("%v"));
    // By default spdlog reports on stderr what it could not log, which may block.
    lines_->set_error_handler([sink = sink_.get()](const std::string&) { sink->count_lost(1); });
  }
  if (!config.enabled && !remember) return;
  writer_ = std::thread([this] {
    hold_signals();
    run();
    written_.set_value();
  });
}

std::uint64_t AccessLog::close() {
  if (!writer_.joinable()) return 0;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  woken_.notify_one();
  // Without a sink the thread waits for nothing.
  if (sink_ && !finish_within({.total = std::chrono::seconds(4)}, *sink_, written_.get_future())) ::_exit(0);
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
      if (!last && sink_ && !sink_->given_up() && std::chrono::steady_clock::now() >= say_next_) say_losses();
    }
    lock.lock();
    if (last) return;
    woken_.wait_for(lock, kGather, [this] { return stopping_; });
  }
}

bool AccessLog::write_all() {
  bool any = false;
  for (Queue& queue : queues_) {
    std::vector<SessionRecord> batch;
    {
      const std::lock_guard<std::mutex> lock(queue.mutex_);
      batch.swap(queue.records_);
      count_lost(std::exchange(queue.dropped_, 0));
    }
    if (remember_) recent_.add(batch);  // first, because the log may take its time
    if (lines_) write(batch);
    any = any || !batch.empty();
  }
  if (!lines_) return any;
  if (any) lines_->flush();
  const LogSink::Losses lost = sink_->take_losses();
  count_lost(lost.count);
  if (lost.error != 0) unsaid_.error = lost.error;
  return any;
}

void AccessLog::count_lost(std::uint64_t count) {
  unsaid_.count += count;
  lost_.fetch_add(count, std::memory_order_relaxed);
}

void AccessLog::write(const std::vector<SessionRecord>& batch) {
  for (const SessionRecord& record : batch) {
    if (!record.logged) continue;
    if (sink_->given_up()) {
      sink_->count_lost(1);
    } else {
      lines_->info("{}", format_ == LogFormat::json ? to_json(record) : to_text(record));
    }
  }
}

void AccessLog::say_losses() {
  if (unsaid_.count == 0) return;
  spdlog::warn("{} connection records were lost: {}", unsaid_.count, unsaid_.reason());
  unsaid_ = {};
  say_next_ = std::chrono::steady_clock::now() + std::chrono::seconds(1);
}

}  // namespace weir
