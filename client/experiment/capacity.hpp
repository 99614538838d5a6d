#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "client/experiment/experiment_options.hpp"
#include "client/report/load_result.hpp"

namespace weir::load {

/// One rate that was tried.
struct CapacityStep {
  double rate = 0;
  LoadResult result;
  bool met = false;
  std::vector<std::string> broken;  ///< what was not met: sentences
};

/// What a search for the capacity found.
struct Capacity {
  CapacityOptions options;
  std::string version;
  std::string endpoint;
  Machine machine;
  std::chrono::system_clock::time_point started;
  double closed_loop_rate = 0;   ///< what a closed loop came to
  std::optional<double> met;     ///< the highest rate that met the SLO
  std::optional<double> failed;  ///< the lowest that did not
  bool interrupted = false;
  std::uint64_t wrong_replies = 0;  ///< in all runs
  std::string lost;                 ///< why no connection could be opened any more; empty where they could
  std::vector<CapacityStep> steps;  ///< in the order in which they were tried
  std::string gave_way;             ///< `server`, `generator`, `network`, `machine`; `nothing` where nothing did
  std::string reason;

  /// 0 found, 1 the target went away or Ctrl-C came before anything was found, 3 no rate met the SLO, 4 a reply was
  /// wrong.
  int exit_status() const;
};

/// Looks for the highest rate that meets the SLO. Throws std::runtime_error where there can be no run. Once, from the
/// main thread.
Capacity find_capacity(const CapacityOptions& options);

/// How fast a queue grew in the measured time: seconds of waiting more, each second; 0 where it did not.
double queue_growth(const LoadResult& result);

}  // namespace weir::load
