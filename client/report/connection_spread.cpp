#include "client/report/connection_spread.hpp"

#include <algorithm>

namespace weir::load {

void ConnectionSpread::add(const ConnectionTally& tally) {
  if (tally.replies != 0) {
    replies.record(Histogram::Nanoseconds(static_cast<std::int64_t>(tally.replies)));
    means.record(Histogram::Nanoseconds(static_cast<std::int64_t>(tally.sum_ns / tally.replies)));
  }
  if (tally.times != nullptr && tally.times->count() != 0) p99s.record(tally.times->percentile(99));
}

void ConnectionSpread::add_starved(std::uint64_t connections) {
  for (std::uint64_t i = 0; i < connections; ++i) replies.record(Histogram::Nanoseconds(0));
}

void ConnectionSpread::merge(const ConnectionSpread& other) {
  every = std::max(every, other.every);
  replies.merge(other.replies);
  means.merge(other.means);
  p99s.merge(other.p99s);
}

}  // namespace weir::load
