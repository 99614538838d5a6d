#include "client/report/live.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>

#include "client/report/numbers.hpp"
#include "common/units.hpp"

namespace weir::load {

namespace {

constexpr int kBar = 10;

/// How wide the terminal on stderr is.
std::size_t columns() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col : 80;
}

/// The first `columns` characters of a text in UTF-8.
std::string cut(const std::string& text, std::size_t columns) {
  std::size_t shown = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if ((static_cast<unsigned char>(text[at]) & 0xc0) != 0x80 && shown++ == columns) return text.substr(0, at);
  }
  return text;
}

}  // namespace

LiveReport::Style LiveReport::style_for_stderr(bool quiet) {
  if (quiet) return Style::none;
  return ::isatty(STDERR_FILENO) == 1 ? Style::terminal : Style::plain;
}

void LiveReport::connecting(double elapsed, std::uint32_t settled, std::uint32_t reached, std::uint32_t asked) {
  const double share = asked == 0 ? 1 : static_cast<double>(settled) / asked;
  std::string line;
  if (style_ == Style::terminal) line = "▕" + bar(share, kBar) + "▏ ";
  line += right(std::to_string(std::lround(elapsed)), 3) + " s  connecting  " + grouped(reached) + " of " +
          grouped(asked) + " connections";
  if (settled > reached) line += "  " + grouped(settled - reached) + " failed";
  show(line);
}

void LiveReport::running(const Interval& interval, std::uint32_t open, std::uint64_t failures, double progress,
                         const char* phase) {
  std::string line;
  if (style_ == Style::terminal && progress >= 0) line = "▕" + bar(progress, kBar) + "▏ ";
  const double rate = interval.length > 0 ? static_cast<double>(interval.done) / interval.length : 0;
  line += right(std::to_string(std::lround(interval.at)), 3) + " s  " + phase + right(grouped(open), 7) + " conns" +
          right(display_rate(rate), 10) + "/s  p50 " + right(display_duration(interval.p50), 7) + "  p99 " +
          right(display_duration(interval.p99), 7);
  if (failures != 0) line += "  " + grouped(failures) + (failures == 1 ? " error" : " errors");
  show(line);
}

void LiveReport::show(const std::string& line) {
  if (style_ == Style::none) return;
  if (style_ == Style::terminal) {
    // One column less than there are: a full line would wrap, and the next one not cover it.
    std::fprintf(stderr, "\r\033[K%s", cut(line, columns() - 1).c_str());
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
