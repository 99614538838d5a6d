#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "client/faults/announcement.hpp"
#include "client/faults/faults_options.hpp"
#include "client/faults/judge.hpp"

namespace weir::load {

enum class FaultsEndedBy : std::uint8_t {
  all_judged,
  interrupt,
  expiry,  ///< the time of one of the faults was over
};

/// What all connections said of one fault.
struct FaultTally {
  std::uint64_t announced = 0;    ///< connections that were to meet it
  std::uint64_t seen = 0;         ///< and did
  std::uint64_t spared = 0;       ///< connections that were not to meet it
  std::uint64_t seen_spared = 0;  ///< and did not
  std::uint64_t wrong = 0;
  std::map<std::string, std::uint64_t> unchecked;  ///< why it did not show, and on how many

  std::uint64_t not_checked() const;
  void add(const FaultFinding& finding);
};

/// All that a run found out; what every report is made from.
struct FaultsSummary {
  /// So many mismatches are kept, the first ones to be found.
  static constexpr std::size_t kMostMismatches = 1000;

  FaultsOptions options;
  Announcement announcement;
  std::string version;
  std::string endpoint;
  std::chrono::system_clock::time_point started;
  double seconds = 0;
  FaultsEndedBy ended_by = FaultsEndedBy::all_judged;
  std::uint64_t judged = 0;         ///< connections
  std::uint64_t differing = 0;      ///< of them, that were not as announced
  std::vector<FaultTally> tallies;  ///< of each fault, in the announcement's order
  std::vector<Mismatch> mismatches;

  void add(const Judgement& judgement);
  /// 0 all agree, 1 none could be judged, 4 one did not agree.
  int exit_status() const;
};

}  // namespace weir::load
