#include "client/stream/stream_context.hpp"

#include <algorithm>

namespace weir::load {

namespace {

/// There is one writer; who reads a count sees what was written before it.
void bump(std::atomic<std::uint32_t>& counter, std::int32_t by = 1) {
  counter.store(counter.load(std::memory_order_relaxed) + static_cast<std::uint32_t>(by), std::memory_order_release);
}

}  // namespace

StreamContext::StreamContext(const StreamPlan& plan, std::uint32_t first, std::uint32_t streams)
    : plan_(plan), first_(first), outcomes_(streams), connections_(streams) {
  if (plan_.options.tls) tls_.emplace(*plan_.options.tls, plan_.options.target, 0);
}

void StreamContext::enter(Phase phase) {
  phase_ = std::max(phase_, phase);
  loop_.wake_all(kSlotKind);
}

void StreamContext::reached() {
  bump(counters_.reached);
  bump(counters_.open);
}

void StreamContext::settled() {
  --unsettled_;
  bump(counters_.settled);
  plan_.notifier.ring();
}

void StreamContext::finished(const StreamOutcome& outcome) {
  if (outcome.reached) bump(counters_.open, -1);
  if (outcome.failure != Failure::none || outcome.wrong) bump(counters_.failed);
  bump(counters_.finished);
  plan_.notifier.ring();
}

}  // namespace weir::load
