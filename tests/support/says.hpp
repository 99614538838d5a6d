#pragma once

#include <gmock/gmock.h>

#include <string>
#include <string_view>

namespace weir::test {

/// The text in one line: each run of spaces and line breaks is one space.
inline std::string in_one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const bool space = c == ' ' || c == '\n';
    if (!space || !line.ends_with(' ')) line += space ? ' ' : c;
  }
  return line;
}

/// Has this text in it, wherever the paragraph's lines are broken: that depends on how long its figures are.
MATCHER_P(Says, text, "says \"" + std::string(text) + "\"") {
  *result_listener << "which is\n" << arg;
  return in_one_line(arg).find(in_one_line(text)) != std::string::npos;
}

}  // namespace weir::test
