#include "client/report/load_result.hpp"

#include <algorithm>
#include <cmath>

#include "client/report/slo_findings.hpp"
#include "common/units.hpp"

namespace weir::load {

namespace {

/// From here on a processor counts as busy.
constexpr double kBusy = 0.9;

std::string percent(double share) { return std::to_string(static_cast<int>(std::lround(share * 100))) + " %"; }

}  // namespace

double LoadResult::rate() const {
  if (window_seconds <= 0) return 0;
  return static_cast<double>(is_echo() ? stats[Count::replies] : stats[Count::cycles]) / window_seconds;
}

double LoadResult::byte_rate() const {
  return window_seconds <= 0 ? 0 : static_cast<double>(stats[Count::bytes]) / window_seconds;
}

double LoadResult::generator_share() const {
  return window_seconds <= 0 || processors == 0 ? 0 : cpu_seconds / (window_seconds * processors);
}

void FairShare::add(const ConnectionTally& tally) {
  if (tally.replies == 0) return;
  const auto replies = static_cast<double>(tally.replies);
  const std::chrono::nanoseconds mean(static_cast<std::int64_t>(tally.sum_ns / tally.replies));
  merge({1, replies, replies * replies, mean, mean});
}

void FairShare::merge(const FairShare& other) {
  if (other.served == 0) return;
  fastest_mean = served == 0 ? other.fastest_mean : std::min(fastest_mean, other.fastest_mean);
  slowest_mean = std::max(slowest_mean, other.slowest_mean);
  served += other.served;
  sum += other.sum;
  squares += other.squares;
}

double FairShare::jain(std::uint64_t reached) const {
  return squares > 0 ? sum * sum / (static_cast<double>(std::max(reached, served)) * squares) : 1;
}

namespace {

/// Below this a run says nothing about who set its limit: processor times are counted in hundredths of a second.
constexpr double kLeastSeconds = 0.5;
constexpr std::uint64_t kLeastReplies = 100;

std::string load_of(const LoadResult& result) {
  return "the generator used " + percent(result.generator_share()) + " of its threads, the machine was " +
         percent(result.machine_busy) + " busy";
}

/// What the generator itself did wrong in an open loop; empty for nothing.
std::string generators_fault(const LoadResult& result) {
  using std::chrono::milliseconds;
  const auto lag = result.stats[Time::lag].percentile(99);
  const auto response = result.times().percentile(99);
  const std::string said = "lag p99 is " + display_duration(lag);
  if (lag > milliseconds(1)) return said + ", more than 1 ms";
  if (lag * 10 > response) return said + ", more than a tenth of the response p99 (" + display_duration(response) + ")";
  if (result.stats[Count::missed] * 100 > result.planned()) {
    return "only " + percent(static_cast<double>(result.stats[Count::sent]) / static_cast<double>(result.planned())) +
           " of the plan was sent, though the connections could have taken the rest";
  }
  return {};
}

Verdict verdict_of_open_loop(const LoadResult& result) {
  const std::uint64_t planned = result.planned();
  const std::uint64_t vain = planned - std::min(planned, result.stats[Count::answered]);
  Verdict failing{"server", percent(static_cast<double>(vain) / static_cast<double>(planned)) +
                                " of what was planned came to nothing by the end: the rate is more than the "
                                "target takes, or it fails"};
  // So much is not the lateness of a generator, unless it never sent it.
  if (vain * 10 > planned && result.stats[Count::missed] == 0) return failing;
  if (const std::string fault = generators_fault(result); !fault.empty()) {
    return {"generator", fault + "; this run measures weir-load, not the target (" + load_of(result) + ")"};
  }
  if (vain * 100 > planned) return failing;
  const std::uint64_t held = result.stats[Count::held];
  if (held == 0) return {"rate", "every request was sent when it was due; " + load_of(result)};
  return {"rate", "every request was sent, " + percent(static_cast<double>(held) / static_cast<double>(planned)) +
                      " of them late because their connection took no more; " + load_of(result)};
}

}  // namespace

Verdict LoadResult::verdict() const {
  if (stats[Count::sent] == 0) return {"nothing", "no load was made"};
  if (window_seconds < kLeastSeconds || planned() < kLeastReplies) {
    return {"nothing", "the run was too short to say what limits it"};
  }
  if (options.is_open_loop()) return verdict_of_open_loop(*this);
  if (rate() <= 0) return {"server", "no reply came in the measured time"};
  if (stats.failures.total() * 10 > stats[Count::answered]) {
    return {"server", "more than a tenth of the requests and connects failed"};
  }
  if (generator_share() >= kBusy) {
    return {"generator", "it used " + percent(generator_share()) + " of its threads; give it more, or another machine"};
  }
  if (machine_busy >= kBusy) {
    return {"machine", "its processors were " + percent(machine_busy) + " busy, the generator with " +
                           percent(generator_share()) + " of its threads"};
  }
  return {"server", "each connection waited for its reply, from the server and the path to it; " + load_of(*this)};
}

int LoadResult::exit_status() const {
  if (stats.failures.wrong_replies() > 0) return 4;
  if (ended_by == EndedBy::no_connection) return 1;
  if (!options.slo_judges_errors() && stats.failures.total() > options.max_errors) return 1;
  return meets_slo(*this) ? 0 : 3;
}

}  // namespace weir::load
