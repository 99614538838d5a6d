#pragma once

#include <array>
#include <boost/json/object.hpp>
#include <cstddef>
#include <cstdint>

#include "client/measure/worker_stats.hpp"

namespace weir::load {

/// Of the buckets that metrics show, in seconds: three for each power of ten, from 10 µs to 10 s.
inline constexpr std::array kTimeBounds{0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                                        0.025,   0.05,     0.1,     0.25,   0.5,     1.0,    2.5,   5.0,    10.0};

/// Times as metrics show them.
struct TimeCounts {
  std::array<std::uint64_t, kTimeBounds.size() + 1> counts{};  ///< of each bucket alone; the last is beyond all bounds
  double sum = 0;                                              ///< in seconds

  /// A time is put where its bucket of the histogram ends, which is at most a 1000th further up.
  void add(const Histogram& times);
  void add(const TimeCounts& other);
};

/// What is known of a run while it goes on, from its begin on. A value.
struct LiveFigures {
  std::uint32_t reached = 0;  ///< connections that the run began with
  std::uint32_t open = 0;
  std::array<std::uint64_t, kCounts> counts{};
  FailureCounts failures;
  std::array<TimeCounts, kTimes> times{};

  std::uint64_t operator[](Count count) const { return counts[static_cast<std::size_t>(count)]; }
  const TimeCounts& operator[](Time time) const { return times[static_cast<std::size_t>(time)]; }

  /// What was found since the last time.
  void add(const WorkerStats& news);
  /// What another process has found, its connections included.
  void add(const LiveFigures& other);
};

/// For the process that this one is a part of.
boost::json::object figures_to_json(const LiveFigures& figures);
/// Throws std::exception where it is not of that form.
LiveFigures figures_from_json(const boost::json::object& json);

}  // namespace weir::load
