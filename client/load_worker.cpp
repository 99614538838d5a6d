#include "client/load_worker.hpp"

#include <sys/timerfd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "client/workload/connect.hpp"
#include "client/workload/echo.hpp"

namespace weir::load {

namespace {

/// How many connects are started before the loop looks at what became of the earlier ones: more would count our own
/// system calls as the server's latency.
constexpr int kConnectsPerTurn = 8;

/// A coroutine of a connection does not throw; what comes here is a defect or the end of memory.
void die(std::exception_ptr failure) {
  if (!failure) return;
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "weir-load: internal error: %s\n", error.what());
  }
  std::abort();
}

}  // namespace

LoadWorker::LoadWorker(const WorkerPlan& plan)
    : plan_(plan), count_replies_(plan.options.workload == Workload::echo), budget_(plan.budget) {
  stats_.tallies.resize(plan.connections);
}

void LoadWorker::start() {
  thread_ = std::thread([this] {
    loop_.spawn(launch(), die);
    loop_.run();
  });
}

void LoadWorker::begin(Window window) {
  loop_.post([this, window] {
    if (phase_ != Phase::connecting) return;
    window_ = window;
    phase_ = Phase::running;
    loop_.wake_all(kSlotKind);
  });
}

void LoadWorker::drain() {
  loop_.post([this] {
    phase_ = std::max(phase_, Phase::draining);
    loop_.wake_all(kSlotKind);
  });
}

void LoadWorker::abandon() {
  loop_.post([this] {
    phase_ = Phase::abandoned;
    loop_.wake_all(kSlotKind);
  });
}

void LoadWorker::stop_and_join() {
  loop_.stop();
  if (thread_.joinable()) thread_.join();
}

void LoadWorker::copy_response(Histogram& into, std::latch& done) {
  loop_.post([this, &into, &done] {
    into = count_replies_ ? stats_.response : stats_.cycle;
    done.count_down();
  });
}

void LoadWorker::spawn_connection(std::uint32_t index) {
  ++alive_;
  ++unsettled_;
  loop_.spawn(plan_.options.workload == Workload::echo ? echo_connection(*this, index) : churn(*this, index), die);
}

net::awaitable<void> LoadWorker::launch() {
  const io::SlotPtr slot = loop_.acquire(kSlotKind);
  // The wheel's ticks are too coarse to pace connects by.
  const io::Descriptor timer(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  const itimerspec millisecond{{0, 1'000'000}, {0, 1'000'000}};
  if (!timer || ::timerfd_settime(timer.get(), 0, &millisecond, nullptr) != 0 ||
      !slot->watch(io::Side::first, timer.get())) {
    throw std::system_error(errno, std::generic_category(), "timerfd");
  }
  const io::Clock::time_point began = io::Clock::now();
  while (started_connections_ < plan_.connections && running()) {
    std::uint32_t due = plan_.connections;
    if (plan_.connect_rate != 0) {
      const double elapsed = std::chrono::duration<double>(io::Clock::now() - began).count();
      due = static_cast<std::uint32_t>(std::min<double>(due, elapsed * static_cast<double>(plan_.connect_rate) + 1));
    }
    int burst = 0;
    while (started_connections_ < due && unsettled_ < plan_.connects_at_once && burst < kConnectsPerTurn) {
      spawn_connection(started_connections_++);
      ++burst;
    }
    if (burst == kConnectsPerTurn) {
      co_await slot->yield();
      continue;
    }
    co_await slot->wait();
    std::uint64_t ticks = 0;
    if (::read(timer.get(), &ticks, sizeof ticks) < 0) slot->set_drained(io::Side::first);
  }
  // Those that an early end left unopened are settled as well.
  launched_ = true;
  LiveCounters::bump(live_.settled, static_cast<int>(plan_.connections - started_connections_));
  finish_if_last();
  plan_.notifier.ring();
}

void LoadWorker::settled(bool reached) {
  --unsettled_;
  if (reached) LiveCounters::bump(live_.reached);
  LiveCounters::bump(live_.settled);
  if (live_.settled.load(std::memory_order_relaxed) == plan_.connections) plan_.notifier.ring();
}

void LoadWorker::connected(io::Clock::duration took) {
  if (plan_.options.workload == Workload::echo || window_.from <= io::Clock::now()) stats_.connect.record(took);
  LiveCounters::bump(live_.open);
}

void LoadWorker::left_unfinished(io::Clock::time_point sent, io::Clock::time_point now) {
  if (sent < window_.from) return;
  ++stats_.unfinished;
  (count_replies_ ? stats_.response : stats_.cycle).record(now - sent);
}

void LoadWorker::cycled(io::Clock::time_point began, io::Clock::time_point now) {
  if (in_window(now)) ++stats_.cycles_in_window;
  if (began >= window_.from) stats_.cycle.record(now - began);
  last_reply_ = now;
  LiveCounters::bump(live_.done);
}

void LoadWorker::failed(Failure failure, const std::string& detail) {
  stats_.failures.add(failure);
  if (!detail.empty() && stats_.examples.size() < WorkerStats::kExamples) stats_.examples.push_back(detail);
  LiveCounters::bump(live_.failures);
}

void LoadWorker::finished() {
  --alive_;
  finish_if_last();
}

void LoadWorker::finish_if_last() {
  if (!launched_ || alive_ != 0) return;
  live_.finished.store(true, std::memory_order_release);
  plan_.notifier.ring();
}

}  // namespace weir::load
