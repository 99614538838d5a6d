#include "common/io/side_thread.hpp"

#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <system_error>
#include <utility>

namespace weir::io {

SideThread::Work::Work(SideThread& thread, Slot& slot, std::function<void()> function)
    : thread_(thread), slot_(slot), function_(std::move(function)) {
  thread_.line_.push_back(this);
  position_ = std::prev(thread_.line_.end());
  thread_.hand_over();
}

SideThread::Work::~Work() {
  if (state_ == State::in_line) thread_.line_.erase(position_);
  if (state_ != State::handed) return;
  {
    std::unique_lock lock(thread_.mutex_);
    if (!thread_.begun_) thread_.handed_ = nullptr;
    thread_.changed_.wait(lock, [this] { return thread_.handed_ == nullptr; });
  }
  thread_.conclude();
}

SideThread::~SideThread() {
  if (!thread_.joinable()) return;
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

bool SideThread::start() {
  if (running_) return true;
  ended_ = Descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!ended_) return false;
  SlotPtr slot = loop_.acquire(0);
  if (!slot->watch(Side::first, ended_.get())) return false;
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error&) {
    return false;
  }
  ::pthread_setname_np(thread_.native_handle(), name_.c_str());
  loop_.spawn(collect(std::move(slot)), [](const std::exception_ptr& failure) {
    if (failure) std::rethrow_exception(failure);
  });
  return running_ = true;
}

net::awaitable<void> SideThread::collect(SlotPtr slot) {
  for (;;) {
    co_await slot->wait();
    slot->set_drained(Side::first);
    if (under_way_ == nullptr) continue;
    bool ended = false;
    {
      const std::scoped_lock lock(mutex_);
      ended = handed_ == nullptr;
    }
    if (ended) conclude();
  }
}

void SideThread::hand_over() {
  if (under_way_ != nullptr || line_.empty()) return;
  under_way_ = line_.front();
  line_.pop_front();
  under_way_->state_ = Work::State::handed;
  {
    const std::scoped_lock lock(mutex_);
    handed_ = under_way_;
  }
  changed_.notify_all();
}

void SideThread::conclude() {
  Work* const ended = std::exchange(under_way_, nullptr);
  ended->state_ = Work::State::done;
  ended->slot_.wake();
  hand_over();
}

void SideThread::run() {
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice);
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return handed_ != nullptr || stopping_; });
    if (handed_ == nullptr) return;
    Work& work = *handed_;
    begun_ = true;
    lock.unlock();
    try {
      work.function_();
    } catch (...) {
      work.failure_ = std::current_exception();
    }
    lock.lock();
    handed_ = nullptr;
    begun_ = false;
    lock.unlock();
    changed_.notify_all();
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(ended_.get(), &one, sizeof one);
    lock.lock();
  }
}

}  // namespace weir::io
