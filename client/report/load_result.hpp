#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/audit/audit.hpp"
#include "client/load_options.hpp"
#include "client/measure/worker_stats.hpp"
#include "client/report/connection_spread.hpp"
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

/// How evenly the connections were served, as sums, so that several generators' add up.
struct FairShare {
  std::uint64_t served = 0;  ///< connections with a reply at least
  double sum = 0;            ///< of replies over connections
  double squares = 0;
  std::chrono::nanoseconds fastest_mean{0};
  std::chrono::nanoseconds slowest_mean{0};

  void add(const ConnectionTally& tally);
  void merge(const FairShare& other);
  /// (Σx)² / (n·Σx²) over the replies of `reached` connections: 1 when all got the same (Jain, Chiu and Hawe,
  /// DEC-TR-301, 1984).
  double jain(std::uint64_t reached) const;
  /// Connections of those reached that had no reply.
  std::uint64_t starved(std::uint64_t reached) const { return reached > served ? reached - served : 0; }
};

/// What set the limit, and why we think so.
struct Verdict {
  /// `server`, `generator`, `network`, `machine`, `rate` (the plan), or `nothing` where no load was made or too little
  /// to say.
  std::string limited_by;
  std::string reason;                ///< the first of them
  std::vector<std::string> reasons;  ///< those that follow speak of others that would have set the limit next
};

/// All that a run found out; what every report is made from.
struct LoadResult {
  LoadOptions options;
  std::string version;
  std::string endpoint;
  std::chrono::system_clock::time_point started;
  std::chrono::system_clock::time_point began;  ///< of the load, once the connections stood
  Machine machine;
  unsigned threads = 0;
  std::uint32_t reached = 0;
  EndedBy ended_by = EndedBy::duration;
  double window_seconds = 0;
  double cpu_seconds = 0;         ///< of the generator, in the window
  unsigned processors = 0;        ///< that its threads could use at once
  double machine_busy = 0;        ///< of all CPUs, in the window, 0 to 1
  std::uint64_t retransmits = 0;  ///< TCP segments that the generator's machine sent again in the window
  unsigned generators = 1;        ///< whose results these are
  WorkerStats stats;
  FairShare fairness;
  ConnectionSpread spread;
  std::optional<Audit> audit;  ///< reports of earlier versions have none
  std::vector<Interval> intervals;

  bool is_echo() const { return options.workload == Workload::echo; }
  /// Replies, or cycles of the connect workload, a second.
  double rate() const;
  double byte_rate() const;
  /// Of the CPU time that the generator's threads could have had.
  double generator_share() const;
  /// Requests or cycles that were due in the measured window.
  std::uint64_t planned() const { return stats[Count::sent] + stats[Count::unsent]; }
  /// What came to an end: right replies (or cycles) to what was due in the window, and all failures.
  std::uint64_t attempted() const;
  /// The times that the workload is about: responses, or cycles.
  const Histogram& times() const { return stats[is_echo() ? Time::response : Time::cycle]; }
  Verdict verdict() const;
  /// 0 fine, 1 too many failures, 3 the SLO was not met, 4 a reply was wrong.
  int exit_status() const;
};

}  // namespace weir::load
