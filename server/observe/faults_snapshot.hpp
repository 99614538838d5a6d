#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/faults/fault.hpp"

namespace weir {

/// A fault that is on.
struct FaultSnapshot {
  std::shared_ptr<const faults::Fault> fault;
  std::chrono::system_clock::time_point since;    ///< when it was set, or first loaded as it is
  std::optional<std::chrono::milliseconds> left;  ///< until it goes by itself; nothing = it stays
  bool from_file = false;                         ///< else it was set while the daemon ran
  std::string who;                                ///< that set it: "the configuration", "the admin endpoint"
};

struct ListenerFaults {
  std::string listener;
  std::vector<FaultSnapshot> faults;  ///< in the order in which they were set, those of the file first
};

/// What is done to connections on purpose, and what may be.
struct FaultsSnapshot {
  std::uint64_t seed = 0;
  bool seed_was_drawn = false;            ///< by the daemon; the configuration says none
  std::chrono::milliseconds max_for{0};   ///< of faults that are set while the daemon runs; 0 = no limit
  double max_percent = 100;               ///< of each fault
  std::vector<ListenerFaults> listeners;  ///< every listener of the configuration, in its order

  /// How many are on.
  std::size_t count() const {
    std::size_t count = 0;
    for (const ListenerFaults& listener : listeners) count += listener.faults.size();
    return count;
  }
};

}  // namespace weir
