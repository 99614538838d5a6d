#include "client/report/live.hpp"

#include <unistd.h>

#include <cmath>
#include <cstdio>

#include "client/report/numbers.hpp"
#include "common/units.hpp"

namespace weir::load {

LiveReport::Style LiveReport::style_for_stderr(bool quiet) {
  if (quiet) return Style::none;
  return ::isatty(STDERR_FILENO) == 1 ? Style::terminal : Style::plain;
}

void LiveReport::connecting(double elapsed, std::uint32_t settled, std::uint32_t reached, std::uint32_t asked) {
  const double share = asked == 0 ? 1 : static_cast<double>(settled) / asked;
  std::string line;
  if (style_ == Style::terminal) line = "▕" + bar(share, 20) + "▏ ";
  line += right(std::to_string(std::lround(elapsed)), 3) + " s  connecting  " + grouped(reached) + " of " +
          grouped(asked) + " connections";
  if (settled > reached) line += "  " + grouped(settled - reached) + " failed";
  show(line);
}

void LiveReport::running(const Interval& interval, std::uint32_t open, std::uint64_t failures, double progress,
                         const char* phase) {
  std::string line;
  if (style_ == Style::terminal && progress >= 0) line = "▕" + bar(progress, 20) + "▏ ";
  const double rate = interval.length > 0 ? static_cast<double>(interval.done) / interval.length : 0;
  line += right(std::to_string(std::lround(interval.at)), 3) + " s  " + phase + right(grouped(open), 7) + " conns" +
          right(display_rate(rate), 9) + "/s  p50 " + right(display_duration(interval.p50), 7) + "  p99 " +
          right(display_duration(interval.p99), 7) + "  " + grouped(failures) + " errors";
  show(line);
}

void LiveReport::show(const std::string& line) {
  if (style_ == Style::none) return;
  if (style_ == Style::terminal) {
    std::fprintf(stderr, "\r\033[K%s", line.c_str());
    std::fflush(stderr);
    shown_ = true;
  } else {
    std::fprintf(stderr, "%s\n", line.c_str());
  }
}

void LiveReport::clear() {
  if (!shown_) return;
  std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
  shown_ = false;
}

}  // namespace weir::load
