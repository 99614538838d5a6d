#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "client/faults/faults_options.hpp"
#include "client/faults/sight.hpp"
#include "common/faults/fault_set.hpp"

namespace weir::load {

/// When something may happen at the earliest on a connection that meets these faults. A bound is never too late, so a
/// byte that comes before it was not held as announced; it may be earlier than what a daemon can do. Pure.
class Bounds {
 public:
  using Time = Sight::Time;

  /// As if there were no daemon that would ever pass it.
  static constexpr Time kNever = Time::max();

  /// `met` in the order of the announcement; `reach` is the place up to which will be asked.
  Bounds(const std::vector<faults::Met>& met, FaultPath path, std::uint64_t reach);

  /// When a byte of message `number` may have come back.
  Time byte(const Sight& sight, std::size_t number, std::uint64_t place) const;
  /// When the FIN that answers ours may have come, after `place` bytes.
  Time fin(const Sight& sight, std::uint64_t place) const;

 private:
  /// The places where one fault lets the way pause.
  struct Pauses {
    std::vector<std::uint64_t> places;
    std::chrono::microseconds each{0};
    bool forever = false;  ///< at the first of them

    /// How many stand in (after, to].
    std::int64_t count(std::uint64_t after, std::uint64_t to) const;
    bool has(std::uint64_t place) const;
  };
  struct Way {
    std::vector<faults::Met> latencies;
    std::chrono::microseconds slow_close{0};
    Pauses slices;
    std::vector<Pauses> stalls;
    double rate = 0;  ///< the least; 0: none
  };

  void add(Way& way, const faults::Met& met, std::uint64_t reach);
  std::chrono::microseconds latency(std::uint64_t place) const;

  std::vector<Way> ways_;
  std::chrono::microseconds service_{0};  ///< begins so much later
  bool closed_ = false;                   ///< nothing passes
};

/// The ways that bytes to an echo and back take through the daemon, and on each the faults that act there.
std::vector<std::vector<faults::Met>> ways_of(const std::vector<faults::Met>& met, FaultPath path);

}  // namespace weir::load
