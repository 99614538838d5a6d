#pragma once

#include <cstdint>
#include <string>

#include "client/report/load_result.hpp"

namespace weir::load {

/// What stderr shows while a run goes on: on a terminal one line, redrawn in place, else a plain line each time.
class LiveReport {
 public:
  enum class Style : std::uint8_t { none, plain, terminal };

  /// What suits stderr as it is.
  static Style style_for_stderr(bool quiet);

  explicit LiveReport(Style style) : style_(style) {}
  ~LiveReport() { clear(); }

  Style style() const { return style_; }

  /// While connections are opened. Plain lines are given only for news.
  void connecting(double elapsed, std::uint32_t settled, std::uint32_t reached, std::uint32_t asked);
  /// `progress` is 0 to 1, or negative when the end is not known.
  void running(const Interval& interval, std::uint32_t open, std::uint64_t failures, double progress,
               const char* phase);
  /// Clears the line from the terminal.
  void clear();

 private:
  void show(const std::string& line);

  Style style_;
  bool shown_ = false;
};

}  // namespace weir::load
