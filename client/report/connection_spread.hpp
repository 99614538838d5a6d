#pragma once

#include <cstdint>

#include "client/measure/worker_stats.hpp"
#include "common/histogram.hpp"

namespace weir::load {

/// How far the connections of a run lie apart: histograms over connections, so that several generators' add up.
struct ConnectionSpread {
  std::uint32_t every = 1;  ///< how many connections one p99 is known of: there may be more than can be remembered
  Histogram replies;        ///< of those that were reached; a number of replies stands for nanoseconds here
  Histogram means;          ///< of the response times of those with a reply
  Histogram p99s;           ///< of the response times of those sampled; those of requests without a reply count

  void add(const ConnectionTally& tally);
  /// So many connections were reached and had no reply.
  void add_starved(std::uint64_t connections);
  void merge(const ConnectionSpread& other);
  /// Whether anything is known: nothing of the connect workload.
  bool known() const { return replies.count() + p99s.count() != 0; }
};

}  // namespace weir::load
