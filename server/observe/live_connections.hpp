#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "server/observe/live_connection.hpp"

namespace weir {

/// All connections that lived when the workers were last walked through. A value.
struct LiveConnections {
  std::chrono::steady_clock::time_point when{};
  std::vector<LiveConnection> all;
  bool complete = true;  ///< false: a worker did not answer in time or had no memory, and connections are missing
};

/// What connections had carried at a moment, from which rates follow.
class CarriedThen {
 public:
  CarriedThen() = default;
  explicit CarriedThen(const LiveConnections& connections);

  /// The moment; that of a default-constructed one is long ago.
  std::chrono::steady_clock::time_point when() const { return when_; }
  /// Gives each connection its rates since then; those that began later get them since their begin.
  void set_rates(LiveConnections& now) const;

 private:
  struct Bytes {
    std::uint64_t in;
    std::uint64_t out;
  };
  std::chrono::steady_clock::time_point when_{};
  std::unordered_map<std::uint64_t, Bytes> bytes_;
};

/// The page that the query asks for. Throws std::invalid_argument, whose text says what would be right, if its `source`
/// is no address and no range.
ConnectionPage select_connections(const LiveConnections& connections, const ConnectionQuery& query);

/// Those that hold the most connections, greatest first.
std::vector<SourceSummary> summarize_sources(const LiveConnections& connections, std::size_t most);

}  // namespace weir
