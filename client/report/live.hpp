#pragma once

#include <cstdint>

#include "client/live_line.hpp"
#include "client/report/load_result.hpp"

namespace weir::load {

/// What stderr shows while a run goes on.
class LiveReport {
 public:
  explicit LiveReport(LiveLine::Style style) : line_(style) {}

  /// While connections are opened. Plain lines are given only for news.
  void connecting(double elapsed, std::uint32_t settled, std::uint32_t reached, std::uint32_t asked);
  /// `progress` is 0 to 1, or negative when the end is not known.
  void running(const Interval& interval, std::uint32_t open, std::uint64_t failures, double progress,
               const char* phase);
  /// Clears the line from the terminal.
  void clear() { line_.clear(); }

 private:
  LiveLine line_;
};

}  // namespace weir::load
