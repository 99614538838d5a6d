#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <string>

#include "server/observe/snapshot.hpp"

namespace weir {

/// What happened within one step of time at one listener or upstream, and how it stood at the step's end.
struct HistoryPoint {
  std::uint64_t accepted = 0;  ///< of an upstream: connects
  std::uint64_t bytes_in = 0;  ///< of an upstream: written to its backends
  std::uint64_t bytes_out = 0;
  std::uint64_t active = 0;                         ///< at the end
  std::array<std::uint64_t, kSessionEnds> ended{};  ///< of an upstream: none
  std::uint64_t connect_failures = 0;               ///< of an upstream
};

/// One step of all listeners and upstreams.
struct HistoryStep {
  WallTime end{};
  std::map<std::string, HistoryPoint> listeners;
  std::map<std::string, HistoryPoint> upstreams;
};

/// The last fifteen minutes in steps of five seconds, made from one snapshot each. Control thread.
class History {
 public:
  static constexpr std::chrono::seconds kStep{5};
  static constexpr std::size_t kSteps = 180;

  /// Takes the difference to the snapshot before as one more step. Call every kStep.
  void add(const ServerSnapshot& now);

  /// Oldest first.
  const std::deque<HistoryStep>& steps() const { return steps_; }

 private:
  std::deque<HistoryStep> steps_;
  std::map<std::string, HistoryPoint> listeners_;  ///< totals of the last snapshot
  std::map<std::string, HistoryPoint> upstreams_;
};

}  // namespace weir
