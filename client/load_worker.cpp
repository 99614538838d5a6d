#include "client/load_worker.hpp"

#include <algorithm>

#include "client/die.hpp"
#include "client/workload/connect.hpp"
#include "client/workload/echo.hpp"

namespace weir::load {

namespace {

/// How many connects are started before the loop looks at what became of the earlier ones: more would count our own
/// system calls as the target's latency.
constexpr int kConnectsPerTurn = 8;

}  // namespace

void LoadWorker::start() {
  thread_ = std::thread([this] {
    spawn(context_.pacer().run(WorkerContext::kSlotKind));
    spawn(launch());
    if (context_.plan().options.newcomers > 0) {
      context_.newcomer_starting();
      spawn(newcomers(context_, [this](net::awaitable<void> coroutine) { spawn(std::move(coroutine)); }));
    }
    context_.loop().run();
  });
}

void LoadWorker::begin(const Window& window, Ranks ranks) {
  context_.loop().post([this, window, ranks] { context_.begin(window, ranks); });
}

void LoadWorker::drain(io::Clock::time_point at) {
  context_.loop().post([this, at] { context_.drain(at); });
}

void LoadWorker::abandon() {
  context_.loop().post([this] { context_.abandon(); });
}

void LoadWorker::stop_and_join() {
  context_.loop().stop();
  if (thread_.joinable()) thread_.join();
}

void LoadWorker::exchange_stats(std::unique_ptr<WorkerStats>& stats, std::latch& done) {
  context_.loop().post([this, &stats, &done] {
    stats = context_.take_stats(std::move(stats));
    done.count_down();
  });
}

void LoadWorker::spawn(net::awaitable<void> coroutine) { context_.loop().spawn(std::move(coroutine), die); }

void LoadWorker::spawn_connection(std::uint32_t index) {
  const bool echo = context_.plan().options.workload == Workload::echo;
  context_.starting();
  spawn(echo ? echo_connection(context_, index) : churn(context_, index));
}

net::awaitable<void> LoadWorker::launch() {
  using Seconds = std::chrono::duration<double>;
  const WorkerPlan& plan = context_.plan();
  const io::SlotPtr slot = context_.loop().acquire(WorkerContext::kSlotKind);
  PacedWait paced;
  const io::Clock::time_point began = io::Clock::now();
  std::uint32_t started = 0;
  while (started < plan.connections && context_.running()) {
    const io::Clock::time_point now = io::Clock::now();
    std::uint32_t due = plan.connections;
    if (plan.connect_rate != 0) {
      due = static_cast<std::uint32_t>(std::min<double>(due, Seconds(now - began).count() * plan.connect_rate + 1));
    }
    int burst = 0;
    while (started < due && context_.unsettled() < plan.connects_at_once && burst < kConnectsPerTurn) {
      spawn_connection(started++);
      ++burst;
    }
    if (burst == kConnectsPerTurn) {
      co_await slot->yield();
    } else {
      paced.until(context_.pacer(), *slot, now + std::chrono::milliseconds(1), now);
      co_await slot->wait();
    }
  }
  context_.launched(plan.connections - started);
}

}  // namespace weir::load
