#pragma once

#include <string>
#include <vector>

#include "server/admin/terminal_style.hpp"

namespace weir::admin {

/// A table of text that fits a terminal. What does not fit loses its optional columns first, the last ones before the
/// others; then the columns that may shrink are cut, the widest first. A column without a title is there only if a cell
/// has something in it.
class TextTable {
 public:
  enum class Kind : std::uint8_t { text, number };  ///< numbers stand at the right
  enum class Fit : std::uint8_t { always, shrinks, optional };
  struct Column {
    std::string title;
    Kind kind = Kind::text;
    Fit fit = Fit::always;
  };
  struct Cell {
    Cell(std::string shown, Colour its_colour = Colour::none) : text(std::move(shown)), colour(its_colour) {}
    Cell(const char* shown) : text(shown) {}

    std::string text;
    Colour colour = Colour::none;
  };

  explicit TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// A cell for each column.
  void add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
  bool empty() const { return rows_.empty(); }
  /// A line of titles and one a row, each with a newline.
  std::string to_string(const TextStyle& style) const;

 private:
  std::vector<std::size_t> fitting_widths(std::size_t width) const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace weir::admin
