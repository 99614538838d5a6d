#include "client/report/load_result.hpp"

#include <algorithm>
#include <cmath>

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
  const unsigned processors = std::min(threads, std::max(machine.cpus, 1U));
  if (window_seconds <= 0 || processors == 0) return 0;
  return cpu_seconds / (window_seconds * processors);
}

Fairness LoadResult::fairness() const {
  Fairness fairness;
  double sum = 0;
  double squares = 0;
  std::uint64_t served = 0;
  for (const ConnectionTally& tally : tallies) {
    if (tally.replies == 0) continue;
    const auto replies = static_cast<double>(tally.replies);
    const std::chrono::nanoseconds mean(static_cast<std::int64_t>(tally.sum_ns / tally.replies));
    fairness.fastest_mean = served == 0 ? mean : std::min(fairness.fastest_mean, mean);
    fairness.slowest_mean = std::max(fairness.slowest_mean, mean);
    sum += replies;
    squares += replies * replies;
    ++served;
  }
  fairness.starved = reached > served ? reached - served : 0;
  if (squares > 0)
    fairness.jain = sum * sum / (static_cast<double>(std::max<std::uint64_t>(reached, served)) * squares);
  return fairness;
}

Verdict LoadResult::verdict() const {
  if (rate() <= 0) return {"nothing", "no load was made"};
  if (generator_share() >= kBusy) {
    return {"generator", "it used " + percent(generator_share()) + " of its threads: give it more, or another machine"};
  }
  if (machine_busy >= kBusy) {
    return {"machine", "its processors were " + percent(machine_busy) + " busy, the generator with " +
                           percent(generator_share()) + " of its threads"};
  }
  return {"server", "the generator used " + percent(generator_share()) + " of its threads, the machine was " +
                        percent(machine_busy) + " busy"};
}

int LoadResult::exit_status() const {
  if (stats.failures.wrong_replies() > 0) return 4;
  if (ended_by == EndedBy::no_connection) return 1;
  return stats.failures.total() > options.max_errors ? 1 : 0;
}

}  // namespace weir::load
