#include "client/worker_context.hpp"

#include <algorithm>

namespace weir::load {

WorkerContext::WorkerContext(const WorkerPlan& plan)
    : plan_(plan), count_replies_(plan.options.workload == Workload::echo), budget_(plan.budget) {
  stats_.tallies.resize(plan.connections);
}

void WorkerContext::begin(Window window) {
  if (phase_ != Phase::connecting) return;
  window_ = window;
  phase_ = Phase::running;
  loop_.wake_all(kSlotKind);
}

void WorkerContext::drain() {
  phase_ = std::max(phase_, Phase::draining);
  loop_.wake_all(kSlotKind);
}

void WorkerContext::abandon() {
  phase_ = Phase::abandoned;
  loop_.wake_all(kSlotKind);
}

void WorkerContext::starting() {
  ++alive_;
  ++unsettled_;
}

void WorkerContext::launched(std::uint32_t unopened) {
  launched_ = true;
  LiveCounters::bump(live_.settled, static_cast<int>(unopened));
  finish_if_last();
  plan_.notifier.ring();
}

void WorkerContext::settled(bool reached) {
  --unsettled_;
  if (reached) LiveCounters::bump(live_.reached);
  LiveCounters::bump(live_.settled);
  if (live_.settled.load(std::memory_order_relaxed) == plan_.connections) plan_.notifier.ring();
}

void WorkerContext::connected(io::Clock::duration took) {
  if (plan_.options.workload == Workload::echo || window_.from <= io::Clock::now()) stats_.connect.record(took);
  LiveCounters::bump(live_.open);
}

void WorkerContext::left_unfinished(io::Clock::time_point sent, io::Clock::time_point now) {
  if (sent < window_.from) return;
  ++stats_.unfinished;
  (count_replies_ ? stats_.response : stats_.cycle).record(now - sent);
}

void WorkerContext::cycled(io::Clock::time_point began, io::Clock::time_point now) {
  if (in_window(now)) ++stats_.cycles_in_window;
  if (began >= window_.from) stats_.cycle.record(now - began);
  last_reply_ = now;
  LiveCounters::bump(live_.done);
}

void WorkerContext::failed(Failure failure, const std::string& detail) {
  stats_.failures.add(failure);
  if (!detail.empty() && stats_.examples.size() < WorkerStats::kExamples) stats_.examples.push_back(detail);
  LiveCounters::bump(live_.failures);
}

void WorkerContext::finished() {
  --alive_;
  finish_if_last();
}

void WorkerContext::finish_if_last() {
  if (!launched_ || alive_ != 0) return;
  live_.finished.store(true, std::memory_order_release);
  plan_.notifier.ring();
}

}  // namespace weir::load
