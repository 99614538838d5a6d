#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <tuple>

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

  /// Takes the difference to the snapshot before as one more step. Call every kStep. What is new in the snapshot has
  /// counted from 0, and nothing is ever negative.
  void add(const ServerSnapshot& now);

  /// Oldest first.
  const std::deque<HistoryStep>& steps() const { return steps_; }

 private:
  enum class Kind : std::uint8_t { listener, backend };
  /// By kind, the name of the listener or upstream, and that of the backend: each backend has its own, so that one that
  /// leaves takes nothing from what the others did.
  using Totals = std::map<std::tuple<Kind, std::string, std::string>, HistoryPoint>;

  std::deque<HistoryStep> steps_;
  Totals totals_;  ///< of the last snapshot
};

}  // namespace weir
