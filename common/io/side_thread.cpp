#include "common/io/side_thread.hpp"

#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <new>
#include <system_error>

namespace weir::io {

namespace {

constexpr int kNicest = 19;
constexpr std::chrono::seconds kBetweenStarts{1};

/// Whether it is starved is judged each time that there was a task in hand for so long, and holds for kStarved.
constexpr std::chrono::milliseconds kJudged{50};
constexpr std::chrono::seconds kStarved{1};

std::chrono::nanoseconds read_clock(clockid_t clock) {
  timespec time{};
  if (::clock_gettime(clock, &time) != 0) return {};
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace

SideThread::Work::Work(SideThread& thread, Slot& slot, std::unique_ptr<Task> task)
    : thread_(thread), slot_(slot), task_(std::move(task)) {
  position_ = thread_.line_.insert(thread_.line_.end(), this);
  thread_.hand_over();
}

SideThread::Work::~Work() {
  if (state_ == State::in_line) thread_.line_.erase(position_);
  if (state_ != State::handed) return;
  thread_.waiting_ = nullptr;
  Hand handed = Hand::handed;
  if (!thread_.hand_.compare_exchange_strong(handed, Hand::empty)) return;  // collect() sees to the rest
  thread_.task_.reset();
  thread_.end_measuring();
  thread_.hand_over();
}

SideThread::SideThread(EventLoop& loop, std::string name) : loop_(loop), name_(std::move(name)) {
  ::sem_init(&called_, 0, 0);
}

SideThread::~SideThread() {
  if (thread_.joinable()) {
    stopping_ = true;
    ::sem_post(&called_);
    thread_.join();
  }
  ::sem_destroy(&called_);
}

bool SideThread::start() {
  if (thread_.joinable()) return true;
  if (loop_.now() < not_before_) return false;
  try {
    if (!make()) not_before_ = loop_.now() + kBetweenStarts;
  } catch (const std::bad_alloc&) {
    return false;
  }
  return thread_.joinable();
}

bool SideThread::make() {
  if (!ended_ && !prepare()) return false;
  nice_ = std::min(kNicest, ::getpriority(PRIO_PROCESS, static_cast<id_t>(::gettid())) + kNice);
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error&) {
    return false;
  }
  ::pthread_setname_np(thread_.native_handle(), name_.c_str());
  if (clockid_t clock = 0; ::pthread_getcpuclockid(thread_.native_handle(), &clock) == 0) clock_ = clock;
  return true;
}

/// What it needs beside the thread.
bool SideThread::prepare() {
  Descriptor ended(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!ended) return false;
  SlotPtr slot = loop_.acquire(0);
  if (!slot->watch(Side::first, ended.get())) return false;
  loop_.spawn(collect(std::move(slot)), [](const std::exception_ptr& failure) {
    if (failure) std::rethrow_exception(failure);
  });
  ended_ = std::move(ended);
  return true;
}

std::chrono::nanoseconds SideThread::cpu_time() const {
  const clockid_t clock = clock_;
  return clock == kNoClock ? std::chrono::nanoseconds(0) : read_clock(clock);
}

net::awaitable<void> SideThread::collect(SlotPtr slot) {
  for (;;) {
    co_await slot->wait();
    slot->set_drained(Side::first);
    if (hand_ == Hand::ended) conclude();
  }
}

void SideThread::hand_over() {
  if (hand_ != Hand::empty || line_.empty()) return;
  waiting_ = line_.front();
  line_.pop_front();
  waiting_->state_ = Work::State::handed;
  task_ = std::move(waiting_->task_);
  begin_measuring();
  hand_ = Hand::handed;
  ::sem_post(&called_);
}

SideThread::CpuTimes SideThread::cpu_times() const { return {cpu_time(), read_clock(CLOCK_THREAD_CPUTIME_ID)}; }

void SideThread::begin_measuring() {
  const Clock::time_point now = Clock::now();
  if (now - measured_to_ > kStarved) {  // what was long ago says nothing
    in_hand_ = {};
    meanwhile_ = {};
  }
  measured_from_ = now;
  then_ = cpu_times();
}

/// Where only the two of them want a CPU, together they have nearly all of it, however little is left for this one.
void SideThread::end_measuring() {
  const CpuTimes now = cpu_times();
  measured_to_ = Clock::now();
  in_hand_ += measured_to_ - measured_from_;
  meanwhile_.side += now.side - then_.side;
  meanwhile_.loop += now.loop - then_.loop;
  if (in_hand_ < kJudged) return;
  if (meanwhile_.side < in_hand_ / 4 && meanwhile_.side + meanwhile_.loop < in_hand_ * 3 / 4) {
    starved_until_ = measured_to_ + kStarved;
  }
  in_hand_ = {};
  meanwhile_ = {};
}

void SideThread::conclude() {
  end_measuring();
  if (Work* const work = std::exchange(waiting_, nullptr); work != nullptr) {
    work->task_ = std::move(task_);
    work->failure_ = std::exchange(failure_, nullptr);
    work->state_ = Work::State::done;
    work->slot_.wake();
  }
  task_.reset();
  failure_ = nullptr;
  hand_ = Hand::empty;
  hand_over();
}

void SideThread::run() {
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), nice_);
  for (;;) {
    while (::sem_wait(&called_) != 0) {
    }
    if (stopping_) return;
    Hand handed = Hand::handed;
    if (!hand_.compare_exchange_strong(handed, Hand::begun)) continue;  // it was taken back
    try {
      task_->run();
    } catch (...) {
      failure_ = std::current_exception();
    }
    hand_ = Hand::ended;
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(ended_.get(), &one, sizeof one);
  }
}

}  // namespace weir::io
