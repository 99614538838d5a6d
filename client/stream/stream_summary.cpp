#include "client/stream/stream_summary.hpp"

#include <algorithm>

#include "client/stream/stream_numbers.hpp"

namespace weir::load {

namespace {

std::uint64_t grown(std::uint64_t before, std::uint64_t after) { return after - std::min(before, after); }

}  // namespace

StreamInterval interval_between(const std::vector<StreamProgress>& before, const std::vector<StreamProgress>& after,
                                double at, double length) {
  StreamInterval interval;
  interval.at = at;
  interval.length = length;
  std::uint64_t with_tcp = 0;
  for (std::size_t i = 0; i < after.size(); ++i) {
    const StreamProgress earlier = i < before.size() ? before[i] : StreamProgress();
    interval.up += grown(earlier.up, after[i].up);
    interval.down += grown(earlier.down, after[i].down);
    if (!after[i].tcp) continue;
    const TcpFacts now = *after[i].tcp;
    const TcpFacts then = earlier.tcp.value_or(TcpFacts());
    ++with_tcp;
    interval.rtt_us += static_cast<double>(now.rtt_us);
    if (now.min_rtt_us != 0) {
      interval.min_rtt_us = interval.min_rtt_us == 0 ? now.min_rtt_us : std::min(interval.min_rtt_us, now.min_rtt_us);
    }
    interval.retransmits += grown(then.retransmits, now.retransmits);
    interval.bytes_retrans += grown(then.bytes_retrans, now.bytes_retrans);
    interval.delivery_rate += now.delivery_rate;
    TcpFacts busy;
    busy.busy_us = grown(then.busy_us, now.busy_us);
    busy.rwnd_us = grown(then.rwnd_us, now.rwnd_us);
    busy.sndbuf_us = grown(then.sndbuf_us, now.sndbuf_us);
    interval.limits.add(SendLimits::of(busy, static_cast<std::uint64_t>(std::max(0.0, length) * 1e6)));
  }
  if (with_tcp != 0) interval.rtt_us /= static_cast<double>(with_tcp);
  return interval;
}

double StreamSummary::up_rate() const { return a_second(window.up, window_seconds); }
double StreamSummary::down_rate() const { return a_second(window.down, window_seconds); }

double StreamSummary::cpu_per_gigabyte() const {
  const std::uint64_t bytes = window.up + window.down;
  return bytes == 0 ? 0 : cpu_seconds * 1e9 / static_cast<double>(bytes);
}

StreamFairness StreamSummary::fairness() const {
  StreamFairness fairness;
  double sum = 0;
  double squares = 0;
  std::size_t counted = 0;
  for (std::size_t i = 0; i < window_ended.size(); ++i) {
    if (!outcomes[i].reached) continue;
    const StreamProgress began = i < window_began.size() ? window_began[i] : StreamProgress();
    const double rate =
        a_second(grown(began.up, window_ended[i].up) + grown(began.down, window_ended[i].down), window_seconds);
    fairness.slowest = counted == 0 ? rate : std::min(fairness.slowest, rate);
    fairness.fastest = std::max(fairness.fastest, rate);
    sum += rate;
    squares += rate * rate;
    ++counted;
  }
  if (squares > 0) fairness.jain = sum * sum / (static_cast<double>(counted) * squares);
  return fairness;
}

FailureCounts StreamSummary::failures() const {
  FailureCounts failures;
  for (const StreamOutcome& outcome : outcomes) {
    if (outcome.failure != Failure::none) failures.add(outcome.failure);
    if (outcome.wrong) failures.add(outcome.wrong->kind);
  }
  return failures;
}

std::uint32_t StreamSummary::far_ends(FarEnd far_end) const {
  return static_cast<std::uint32_t>(
      std::count_if(outcomes.begin(), outcomes.end(),
                    [far_end](const StreamOutcome& outcome) { return outcome.reached && outcome.far_end == far_end; }));
}

SendLimits StreamSummary::own_limits() const {
  SendLimits limits;
  for (const StreamOutcome& outcome : outcomes) limits.add(outcome.limits);
  return limits;
}

SendLimits StreamSummary::far_limits() const {
  SendLimits limits;
  for (const StreamOutcome& outcome : outcomes) {
    if (outcome.result) limits.add(outcome.result->limits);
  }
  return limits;
}

int StreamSummary::exit_status() const {
  const FailureCounts counts = failures();
  if (counts.wrong_replies() > 0) return 4;
  if (ended_by == StreamsEndedBy::no_connection) return 1;
  return counts.total() > options.max_errors ? 1 : 0;
}

}  // namespace weir::load
