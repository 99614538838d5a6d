#include "common/escapes.hpp"

#include <charconv>
#include <stdexcept>

#include "common/printable.hpp"

namespace weir {

namespace {

constexpr std::string_view kLetters = "rnt0\"'\\";
constexpr std::string_view kBytes{"\r\n\t\0\"'\\", 7};

}  // namespace

std::string unescape(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      bytes += text[i];
      continue;
    }
    const std::string_view escape = text.substr(i + 1, text.substr(i + 1).starts_with('x') ? 3 : 1);
    const std::size_t letter = escape.size() == 1 ? kLetters.find(escape[0]) : std::string_view::npos;
    unsigned value = 0;
    if (letter != std::string_view::npos) {
      value = static_cast<unsigned char>(kBytes[letter]);
    } else {
      const char* end = escape.data() + escape.size();
      const bool hex = escape.size() == 3 && std::from_chars(escape.data() + 1, end, value, 16).ptr == end;
      if (!hex) {
        throw std::invalid_argument(in_quotes("\\" + std::string(escape)) +
                                    " is not an escape; there are \\r \\n \\t \\0 \\\" \\' \\\\ and \\xHH");
      }
    }
    bytes += static_cast<char>(value);
    i += escape.size();
  }
  return bytes;
}

std::string escape(std::string_view bytes) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    const std::size_t letter = byte == '"' || byte == '\'' ? std::string_view::npos : kBytes.find(byte);
    if (letter != std::string_view::npos) {
      text += {'\\', kLetters[letter]};
    } else if (value < ' ' || value > '~') {
      text += {'\\', 'x', kHex[value >> 4], kHex[value & 0xf]};
    } else {
      text += byte;
    }
  }
  return text;
}

}  // namespace weir
