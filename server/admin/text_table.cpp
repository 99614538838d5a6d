#include "server/admin/text_table.hpp"

#include <algorithm>

namespace weir::admin {

namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kNarrowest = 8;  ///< that a column shrinks to

void append_cell(std::string& line, const std::string& text, Colour colour, TextTable::Kind kind, std::size_t width,
                 const TextStyle& style) {
  const std::string shown = shortened(text, width);
  const std::string padding(width - columns_of(shown), ' ');
  if (!line.empty()) line += std::string(kGap, ' ');
  if (kind == TextTable::Kind::number) line += padding;
  line += coloured(shown, colour, style);
  if (kind == TextTable::Kind::text) line += padding;
}

}  // namespace

/// Of each column; 0 for one that is left out.
std::vector<std::size_t> TextTable::fitting_widths(std::size_t width) const {
  std::vector<std::size_t> natural;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t widest = columns_of(columns_[i].title);
    for (const auto& row : rows_) widest = std::max(widest, columns_of(row[i].text));
    natural.push_back(widest);
  }
  std::vector<std::size_t> widths(columns_.size(), 0);
  std::size_t used = 0;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].fit == Fit::optional || natural[i] == 0) continue;
    widths[i] = natural[i];
    used += widths[i] + (used > 0 ? kGap : 0);
  }
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].fit != Fit::optional) continue;
    if (used + kGap + natural[i] > width) break;
    widths[i] = natural[i];
    used += kGap + natural[i];
  }
  while (used > width) {
    std::size_t widest = columns_.size();
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const bool shrinks = columns_[i].fit == Fit::shrinks && widths[i] > kNarrowest;
      if (shrinks && (widest == columns_.size() || widths[i] > widths[widest])) widest = i;
    }
    if (widest == columns_.size()) break;
    --widths[widest];
    --used;
  }
  return widths;
}

std::string TextTable::to_string(const TextStyle& style) const {
  const std::vector<std::size_t> widths = fitting_widths(style.width);
  std::string text;
  const auto append_row = [&](auto cell_of) {
    std::string line;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (widths[i] == 0) continue;
      const Cell cell = cell_of(i);
      append_cell(line, cell.text, cell.colour, columns_[i].kind, widths[i], style);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  };
  append_row([&](std::size_t i) { return Cell(columns_[i].title, Colour::dim); });
  for (const auto& row : rows_) append_row([&](std::size_t i) { return row[i]; });
  return text;
}

}  // namespace weir::admin
