#include "client/load_worker.hpp"

#include <sys/timerfd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>

#include "client/workload/connect.hpp"
#include "client/workload/echo.hpp"

namespace weir::load {

namespace {

/// How many connects are started before the loop looks at what became of the earlier ones: more would count our own
/// system calls as the target's latency.
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

void LoadWorker::start() {
  thread_ = std::thread([this] {
    context_.loop().spawn(launch(), die);
    context_.loop().run();
  });
}

void LoadWorker::begin(Window window) {
  context_.loop().post([this, window] { context_.begin(window); });
}

void LoadWorker::drain() {
  context_.loop().post([this] { context_.drain(); });
}

void LoadWorker::abandon() {
  context_.loop().post([this] { context_.abandon(); });
}

void LoadWorker::stop_and_join() {
  context_.loop().stop();
  if (thread_.joinable()) thread_.join();
}

void LoadWorker::copy_response(Histogram& into, std::latch& done) {
  context_.loop().post([this, &into, &done] {
    into = context_.times();
    done.count_down();
  });
}

void LoadWorker::spawn_connection(std::uint32_t index) {
  const bool echo = context_.plan().options.workload == Workload::echo;
  context_.starting();
  context_.loop().spawn(echo ? echo_connection(context_, index) : churn(context_, index), die);
}

net::awaitable<void> LoadWorker::launch() {
  const WorkerPlan& plan = context_.plan();
  const io::SlotPtr slot = context_.loop().acquire(WorkerContext::kSlotKind);
  // The wheel's ticks are too coarse to pace connects by.
  const io::Descriptor timer(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  const itimerspec millisecond{{0, 1'000'000}, {0, 1'000'000}};
  if (!timer || ::timerfd_settime(timer.get(), 0, &millisecond, nullptr) != 0 ||
      !slot->watch(io::Side::first, timer.get())) {
    throw std::system_error(errno, std::generic_category(), "timerfd");
  }
  const io::Clock::time_point began = io::Clock::now();
  std::uint32_t started = 0;
  while (started < plan.connections && context_.running()) {
    std::uint32_t due = plan.connections;
    if (plan.connect_rate != 0) {
      const double elapsed = std::chrono::duration<double>(io::Clock::now() - began).count();
      due = static_cast<std::uint32_t>(std::min<double>(due, elapsed * static_cast<double>(plan.connect_rate) + 1));
    }
    int burst = 0;
    while (started < due && context_.unsettled() < plan.connects_at_once && burst < kConnectsPerTurn) {
      spawn_connection(started++);
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
  context_.launched(plan.connections - started);
}

}  // namespace weir::load
