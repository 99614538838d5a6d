#pragma once

#include <cstdint>
#include <string>

namespace weir::load {

/// What stderr shows while a run goes on: on a terminal one line, redrawn in place, else a plain line each time.
class LiveLine {
 public:
  enum class Style : std::uint8_t { none, plain, terminal };

  /// As stderr suits, or nothing at all.
  explicit LiveLine(bool quiet);
  ~LiveLine() { clear(); }
  LiveLine(const LiveLine&) = delete;
  LiveLine& operator=(const LiveLine&) = delete;

  Style style() const { return style_; }
  bool is_terminal() const { return style_ == Style::terminal; }
  void show(const std::string& line);
  /// Clears the line from the terminal.
  void clear();

 private:
  Style style_;
  bool shown_ = false;
};

}  // namespace weir::load
