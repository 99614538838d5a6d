#include "client/worker_context.hpp"

#include <algorithm>

namespace weir::load {

WorkerContext::WorkerContext(const WorkerPlan& plan)
    : plan_(plan),
      count_replies_(plan.options.workload == Workload::echo),
      open_loop_(plan.options.is_open_loop()),
      budget_(plan.budget),
      tallies_(plan.connections) {
  // Whoever is at a time in the connect workload is no connection that could be treated unfairly.
  if (count_replies_) sample_connections();
  if (plan_.options.tls) tls_.emplace(*plan_.options.tls, plan_.options.target, plan_.connections);
}

void WorkerContext::sample_connections() {
  const std::uint32_t every = ConnectionTimes::sampled_every(plan_.all_connections);
  std::vector<ConnectionTally*> sampled;
  for (std::uint32_t i = 0; i < plan_.connections; ++i) {
    if ((plan_.first_connection + i) % every == 0) sampled.push_back(&tallies_[i]);
  }
  times_.resize(sampled.size());
  for (std::size_t i = 0; i < sampled.size(); ++i) sampled[i]->times = &times_[i];
}

void WorkerContext::begin(const Window& window, Ranks ranks) {
  if (phase_ != Phase::connecting) return;
  window_ = window;
  until_ = window.until;
  ranks_ = ranks;
  arrivals_ = {plan_.options.arrivals, plan_.options.rate.value_or(1), std::max(ranks.total, 1U), window.begin,
               plan_.options.message.seed};
  shared_arrivals_.emplace(arrivals_, ranks.first, std::max(live_.reached.load(), 1U));
  phase_ = Phase::running;
  loop_.wake_all(kSlotKind);
}

void WorkerContext::drain(io::Clock::time_point at) {
  // What never began has no plan.
  if (phase_ == Phase::connecting) at = io::Clock::time_point::min();
  until_ = std::min(until_, at);
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

void WorkerContext::newcomer_starting() {
  ++alive_;
  ++newcomers_;
}

void WorkerContext::newcomer_finished() {
  --newcomers_;
  finished();
}

void WorkerContext::launched(std::uint32_t unopened) {
  launched_ = true;
  LiveCounters::bump(live_.settled, static_cast<int>(unopened));
  finish_if_last();
  plan_.notifier.ring();
}

std::unique_ptr<WorkerStats> WorkerContext::take_stats(std::unique_ptr<WorkerStats> empty) {
  std::swap(stats_, empty);
  return empty;
}

Arrivals WorkerContext::newcomer_arrivals() const {
  // Each worker has a share of their rate by its share of the connections, and they take turns.
  const LoadOptions& options = plan_.options;
  const double share = options.newcomers * plan_.connections / options.connections;
  const ArrivalPlan plan{options.arrivals, share * plan_.threads, plan_.threads, window_.begin,
                         options.message.seed ^ 0x6e6577};
  return Arrivals(plan, plan_.thread, 1);
}

void WorkerContext::settled(bool reached) {
  --unsettled_;
  if (reached) LiveCounters::bump(live_.reached);
  LiveCounters::bump(live_.settled);
  if (live_.settled.load(std::memory_order_relaxed) == plan_.connections) plan_.notifier.ring();
}

void WorkerContext::connected(io::Clock::time_point began) {
  // Of a churn only what was measured; of connections that stay, all.
  const io::Clock::time_point now = io::Clock::now();
  if (count_replies_ || began >= window_.from) (*stats_)[Time::connect].record(now - began);
  LiveCounters::bump(live_.open);
}

void WorkerContext::shook_hands(io::Clock::time_point began, const TlsHandshake& handshake) {
  if (count_replies_ || began >= window_.from) {
    (*stats_)[handshake.resumed ? Time::resumed : Time::handshake].record(handshake.took);
  }
  if (count_replies_ || in_window(io::Clock::now())) count(handshake.resumed ? Count::resumed : Count::handshakes);
}

void WorkerContext::left_unfinished(std::uint32_t index, io::Clock::time_point due, io::Clock::time_point sent,
                                    io::Clock::time_point now) {
  if (due < window_.from) return;
  count(Count::unfinished);
  timed_out(index, due, sent, now);
}

void WorkerContext::timed_out(std::uint32_t index, io::Clock::time_point due, io::Clock::time_point sent,
                              io::Clock::time_point now) {
  if (due < window_.from) return;
  (*stats_)[count_replies_ ? Time::response : Time::cycle].record(now - due);
  if (open_loop_ && count_replies_) (*stats_)[Time::service].record(now - sent);
  tallies_[index].record(now - due);
}

void WorkerContext::left_unsent(std::uint32_t index, io::Clock::time_point due, bool able, io::Clock::time_point now) {
  if (due < window_.from) return;
  count(Count::unsent);
  if (able) count(Count::missed);
  (*stats_)[count_replies_ ? Time::response : Time::cycle].record(now - due);
  tallies_[index].record(now - due);
}

void WorkerContext::cycled(io::Clock::time_point due, io::Clock::time_point now) {
  if (in_window(now)) count(Count::cycles);
  if (due >= window_.from) count(Count::answered);
  record(Time::cycle, due, now);
  last_reply_ = now;
  count(Count::done);
}

void WorkerContext::failed(Failure failure, const std::string& detail, std::uint64_t times) {
  if (times == 0) return;
  stats_->failures.add(failure, times);
  if (!detail.empty() && stats_->examples.size() < WorkerStats::kExamples) stats_->examples.push_back(detail);
}

void WorkerContext::note_example(const std::string& detail) {
  std::vector<std::string>& examples = stats_->examples;
  if (detail.empty() || examples.size() >= WorkerStats::kExamples) return;
  if (std::find(examples.begin(), examples.end(), detail) == examples.end()) examples.push_back(detail);
}

void WorkerContext::wrong(const WrongReply& reply) {
  stats_->failures.add(reply.kind);
  if (stats_->wrong.size() < WorkerStats::kWrong) stats_->wrong.push_back(reply);
}

void WorkerContext::finished() {
  --alive_;
  if (only_newcomers_left()) loop_.wake_all(kSlotKind);
  finish_if_last();
}

void WorkerContext::finish_if_last() {
  if (!launched_ || alive_ != 0) return;
  live_.finished.store(true, std::memory_order_release);
  plan_.notifier.ring();
}

}  // namespace weir::load
