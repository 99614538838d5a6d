#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "client/load_options.hpp"
#include "client/measure/worker_stats.hpp"
#include "client/resources.hpp"

namespace weir::load {

enum class EndedBy : std::uint8_t { duration, requests, interrupt, no_connection };

/// One line of the time series.
struct Interval {
  double at = 0;      ///< its end, in seconds since the load began (warmup included)
  double length = 0;  ///< in seconds
  std::uint64_t done = 0;
  std::uint64_t failures = 0;
  std::chrono::nanoseconds p50{0};
  std::chrono::nanoseconds p99{0};
  std::vector<Histogram::Bucket> buckets;  ///< all of its response times (cycle times of the connect workload)
};

/// How evenly the connections were served.
struct Fairness {
  double jain = 1;  ///< (Σx)² / (n·Σx²) over replies: 1 when all got the same (Jain, Chiu and Hawe, DEC-TR-301, 1984)
  std::chrono::nanoseconds fastest_mean{0};
  std::chrono::nanoseconds slowest_mean{0};
  std::uint64_t starved = 0;  ///< without a single reply
};

/// What set the limit, and why we think so.
struct Verdict {
  std::string limited_by;  ///< `server`, `generator`, `machine`, or `nothing` where no load was made
  std::string reason;
};

/// All that a run found out; what every report is made from.
struct LoadResult {
  LoadOptions options;
  std::string version;
  std::string endpoint;
  std::chrono::system_clock::time_point started;
  Machine machine;
  unsigned threads = 0;
  std::uint32_t reached = 0;
  EndedBy ended_by = EndedBy::duration;
  double window_seconds = 0;
  double cpu_seconds = 0;   ///< of this process, in the window
  double machine_busy = 0;  ///< of all CPUs, in the window, 0 to 1
  WorkerStats stats;
  std::vector<ConnectionTally> tallies;
  std::vector<Interval> intervals;

  bool is_echo() const { return options.workload == Workload::echo; }
  /// Replies, or cycles of the connect workload, a second.
  double rate() const;
  double byte_rate() const;
  /// Of the CPU time that the generator's threads could have had.
  double generator_share() const;
  Fairness fairness() const;
  Verdict verdict() const;
  /// 0 fine, 1 too many failures, 4 a reply was wrong.
  int exit_status() const;
};

}  // namespace weir::load
