#pragma once

#include <cstdint>
#include <string>

namespace weir::load {

/// What stderr shows while a run goes on: on a terminal one line, redrawn in place, else a plain line each time.
class LiveLine {
 public:
  enum class Style : std::uint8_t { none, plain, terminal };

  /// What suits stderr as it is, or nothing at all.
  static Style style_for_stderr(bool quiet);

  explicit LiveLine(Style style) : style_(style) {}
  ~LiveLine() { clear(); }
  LiveLine(const LiveLine&) = delete;
  LiveLine& operator=(const LiveLine&) = delete;

  bool is_terminal() const { return style_ == Style::terminal; }
  /// A line of UTF-8, shown as the locale can (charset.hpp). On a terminal it is cut to the width.
  void show(const std::string& line);
  /// Clears the line from the terminal.
  void clear();

 private:
  Style style_;
  bool shown_ = false;
};

}  // namespace weir::load
