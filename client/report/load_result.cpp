#include "client/report/load_result.hpp"

#include <algorithm>

namespace weir::load {

double LoadResult::rate() const {
  if (window_seconds <= 0) return 0;
  return static_cast<double>(is_echo() ? stats[Count::replies] : stats[Count::cycles]) / window_seconds;
}

double LoadResult::byte_rate() const {
  return window_seconds <= 0 ? 0 : static_cast<double>(stats[Count::bytes]) / window_seconds;
}

std::uint64_t LoadResult::attempted() const {
  return stats[is_echo() ? Count::answered : Count::cycles] + stats.failures.total();
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

}  // namespace weir::load
