#include "common/printable.hpp"

#include <algorithm>
#include <cstdio>

namespace weir {

namespace {

/// Takes the first character of a text that is not empty, escaped where it is not printable.
std::string take_printable(std::string_view& text) {
  const std::size_t length = utf8_length(text);
  const auto first = static_cast<unsigned char>(text.front());
  // U+0080 to U+009F: some terminals take them for the beginning of a command.
  if (length == 2 && first == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0) {
    char escape[8];
    std::snprintf(escape, sizeof escape, "\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(text[1])));
    text.remove_prefix(length);
    return escape;
  }
  if (length == 0 || first < ' ' || first == 127) {
    text.remove_prefix(1);
    char escape[8];
    std::snprintf(escape, sizeof escape, "\\x%02x", static_cast<unsigned>(first));
    return escape;
  }
  std::string character(text.substr(0, length));
  text.remove_prefix(length);
  return character;
}

}  // namespace

std::string in_quotes(std::string_view text) {
  constexpr std::size_t kMost = 80;
  std::string result = "\"";
  while (!text.empty()) {
    if (result.size() > kMost) {
      result += "…";
      break;
    }
    result += take_printable(text);
  }
  return result + "\"";
}

std::string terminal_text(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    result += take_printable(text);
  }
  return result;
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 127; });
}

std::size_t utf8_length(std::string_view text) {
  if (text.empty()) return 0;
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  std::size_t length = 0;
  unsigned char lowest = 0x80;
  unsigned char highest = 0xbf;
  if (first >= 0xc2 && first <= 0xdf) {
    length = 2;
  } else if (first >= 0xe0 && first <= 0xef) {
    length = 3;
    if (first == 0xe0) lowest = 0xa0;   // overlong
    if (first == 0xed) highest = 0x9f;  // surrogates
  } else if (first >= 0xf0 && first <= 0xf4) {
    length = 4;
    if (first == 0xf0) lowest = 0x90;
    if (first == 0xf4) highest = 0x8f;  // beyond U+10FFFF
  } else {
    return 0;
  }
  if (text.size() < length) return 0;
  if (byte(1) < lowest || byte(1) > highest) return 0;
  for (std::size_t at = 2; at < length; ++at) {
    if (byte(at) < 0x80 || byte(at) > 0xbf) return 0;
  }
  return length;
}

}  // namespace weir
