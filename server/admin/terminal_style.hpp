#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir::admin {

/// For whom a text is written.
struct TextStyle {
  std::size_t width = 80;  ///< columns of the terminal
  bool colours = false;
};

enum class Colour : std::uint8_t { none, bold, dim, red, yellow, green };

/// The text in a colour (ECMA-48), where colours are asked for.
std::string coloured(std::string_view text, Colour colour, const TextStyle& style);

/// How many columns a text without colours takes: its characters, each counted as one.
std::size_t columns_of(std::string_view text);

/// The first columns of a text without colours, with `…` as the last where something was cut.
std::string shortened(std::string_view text, std::size_t columns);

/// Words as lines of the terminal's width, those after the first indented, with a newline at the end.
std::string paragraph(std::string_view text, Colour colour, const TextStyle& style);

}  // namespace weir::admin
