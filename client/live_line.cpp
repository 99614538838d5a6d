#include "client/live_line.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>

#include "client/charset.hpp"

namespace weir::load {

namespace {

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

LiveLine::Style LiveLine::style_for_stderr(bool quiet) {
  if (quiet) return Style::none;
  return ::isatty(STDERR_FILENO) == 1 ? Style::terminal : Style::plain;
}

void LiveLine::show(const std::string& line) {
  if (style_ == Style::none) return;
  if (style_ == Style::terminal) {
    // One column less than there are: a full line would wrap, and the next one not cover it.
    std::fprintf(stderr, "\r\033[K%s", for_locale(cut(line, columns() - 1)).c_str());
    std::fflush(stderr);
    shown_ = true;
  } else {
    std::fprintf(stderr, "%s\n", for_locale(line).c_str());
  }
}

void LiveLine::clear() {
  if (!shown_) return;
  std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
  shown_ = false;
}

}  // namespace weir::load
