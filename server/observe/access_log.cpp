#include "server/observe/access_log.hpp"

#include <spdlog/pattern_formatter.h>

#include <chrono>
#include <new>
#include <utility>

namespace weir {

bool AccessLog::Queue::wants_next() {
  if (sample_ == 0) return false;
  if (++count_ < sample_) return false;
  count_ = 0;
  return true;
}

void AccessLog::Queue::push(const SessionRecord& record) {
  bool first = false;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (records_.size() >= kQueueLimit) {
      ++dropped_;
      return;
    }
    first = records_.empty();
    try {
      records_.push_back(record);
    } catch (const std::bad_alloc&) {
      ++dropped_;
      return;
    }
  }
  if (first) log_->wake();
}

AccessLog::AccessLog(const AccessLogConfig& config, std::size_t workers) : format_(config.format), queues_(workers) {
  for (Queue& queue : queues_) {
    queue.log_ = this;
    queue.sample_ = config.enabled ? config.sample : 0;
  }
  if (!config.enabled) return;
  lines_ = std::make_shared<spdlog::logger>("access", make_line_sink(config.file));
  lines_->set_formatter(std::make_unique<spdlog::pattern_formatter>("%v"));
  writer_ = std::thread([this] { run(); });
}

AccessLog::~AccessLog() {
  if (!writer_.joinable()) return;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  woken_.notify_one();
  writer_.join();
}

void AccessLog::wake() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    work_ = true;
  }
  woken_.notify_one();
}

void AccessLog::run() {
  // After a batch the writer lets records gather, so that a storm of short connections costs few wake-ups.
  constexpr std::chrono::milliseconds kGather{10};
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    woken_.wait(lock, [this] { return work_ || stopping_; });
    const bool last = stopping_;
    work_ = false;
    lock.unlock();
    while (write_all()) {
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
    std::uint64_t dropped = 0;
    {
      const std::lock_guard<std::mutex> lock(queue.mutex_);
      batch.swap(queue.records_);
      dropped = std::exchange(queue.dropped_, 0);
    }
    for (const SessionRecord& record : batch) {
      lines_->info("{}", format_ == LogFormat::json ? to_json(record) : to_text(record));
    }
    any = any || !batch.empty();
    if (dropped > 0) spdlog::warn("{} connection records were lost: the access log is too slow", dropped);
  }
  if (any) lines_->flush();
  return any;
}

}  // namespace weir
