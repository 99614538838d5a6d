#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "client/measure/failure.hpp"
#include "client/resources.hpp"
#include "client/stream/stream_options.hpp"
#include "client/stream/stream_outcome.hpp"

namespace weir::load {

enum class StreamsEndedBy : std::uint8_t { duration, interrupt, far_end, no_connection };

/// One line of the time series.
struct StreamInterval {
  double at = 0;      ///< its end, in seconds since the streams began (warmup included)
  double length = 0;  ///< in seconds
  std::uint64_t up = 0;
  std::uint64_t down = 0;
  std::uint32_t open = 0;
  // Of the streams that are TCP: the mean, and sums.
  double rtt_us = 0;
  std::uint64_t min_rtt_us = 0;
  std::uint64_t retransmits = 0;
  std::uint64_t bytes_retrans = 0;
  std::uint64_t delivery_rate = 0;
  SendLimits limits;
};

/// What moved between two samples of the same streams.
StreamInterval interval_between(const std::vector<StreamProgress>& before, const std::vector<StreamProgress>& after,
                                double at, double length);

/// How evenly the streams were served: bytes a second of both ways.
struct StreamFairness {
  double slowest = 0;
  double fastest = 0;
  double jain = 1;  ///< (Σx)² / (n·Σx²)
};

/// All that a run found out; what every report is made from.
struct StreamSummary {
  StreamOptions options;
  std::string version;
  std::string endpoint;
  std::chrono::system_clock::time_point started;
  Machine machine;
  unsigned threads = 0;
  std::uint32_t run = 0;
  std::uint32_t reached = 0;
  StreamsEndedBy ended_by = StreamsEndedBy::duration;
  double window_seconds = 0;
  double cpu_seconds = 0;   ///< of this process, in the window
  double machine_busy = 0;  ///< of all CPUs, in the window, 0 to 1
  StreamInterval window;    ///< what moved in the window
  std::vector<StreamProgress> window_began;
  std::vector<StreamProgress> window_ended;
  std::vector<StreamInterval> intervals;
  std::vector<StreamOutcome> outcomes;  ///< one for each stream

  double up_rate() const;
  double down_rate() const;
  /// Of this process, for 10^9 bytes that it sent or checked.
  double cpu_per_gigabyte() const;
  StreamFairness fairness() const;
  FailureCounts failures() const;
  /// How many streams have that far end.
  std::uint32_t far_ends(FarEnd far_end) const;
  /// What limited our sending, and the far end's, as far as it said.
  SendLimits own_limits() const;
  SendLimits far_limits() const;
  /// 0 fine, 1 too many failures, 4 a byte was wrong.
  int exit_status() const;
};

}  // namespace weir::load
