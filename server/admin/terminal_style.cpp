#include "server/admin/terminal_style.hpp"

#include <algorithm>

namespace weir::admin {

namespace {

std::string_view code_of(Colour colour) {
  switch (colour) {
    case Colour::bold:
      return "1";
    case Colour::dim:
      return "2";
    case Colour::red:
      return "31";
    case Colour::yellow:
      return "33";
    case Colour::green:
      return "32";
    case Colour::none:
      break;
  }
  return "";
}

bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }

}  // namespace

std::string coloured(std::string_view text, Colour colour, const TextStyle& style) {
  if (!style.colours || colour == Colour::none || text.empty()) return std::string(text);
  return "\033[" + std::string(code_of(colour)) + "m" + std::string(text) + "\033[0m";
}

std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

std::string shortened(std::string_view text, std::size_t columns) {
  if (columns_of(text) <= columns) return std::string(text);
  if (columns == 0) return "";
  std::size_t shown = 0;
  std::size_t at = 0;
  while (at < text.size() && !(begins_character(text[at]) && shown++ == columns - 1)) ++at;
  return std::string(text.substr(0, at)) + "…";
}

std::string paragraph(std::string_view text, Colour colour, const TextStyle& style) {
  constexpr std::size_t kIndent = 2;
  std::string lines;
  std::size_t column = 0;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    const std::size_t size = columns_of(word);
    if (column > kIndent && column + 1 + size > style.width) {
      lines += "\n" + std::string(kIndent, ' ');
      column = kIndent;
    } else if (!lines.empty()) {
      lines += ' ';
      ++column;
    }
    lines += word;
    column += size;
  }
  return coloured(lines, colour, style) + "\n";
}

}  // namespace weir::admin
