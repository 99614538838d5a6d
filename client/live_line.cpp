#include "client/live_line.hpp"

#include <unistd.h>

#include <cstdio>

namespace weir::load {

LiveLine::LiveLine(bool quiet)
    : style_(quiet                          ? Style::none
             : ::isatty(STDERR_FILENO) == 1 ? Style::terminal
                                            : Style::plain) {}

void LiveLine::show(const std::string& line) {
  if (style_ == Style::none) return;
  if (style_ == Style::terminal) {
    std::fprintf(stderr, "\r\033[K%s", line.c_str());
    std::fflush(stderr);
    shown_ = true;
  } else {
    std::fprintf(stderr, "%s\n", line.c_str());
  }
}

void LiveLine::clear() {
  if (!shown_) return;
  std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
  shown_ = false;
}

}  // namespace weir::load
