#pragma once

#include <cstdint>
#include <string>

namespace weir::load {

/// A rate with three significant digits or all of its whole ones: `0.51`, `12.3`, `61,234`.
std::string display_rate(double rate);
/// A share for people, without a fraction: `12 %`.
std::string display_percent(double share);
/// A share with three significant digits: `5 %`, `0.5 %`, `0.0123 %`.
std::string plain_percent(double share);
/// A bar of `width` columns of which `share` (0 to 1) is filled, in eighths of a column (UTF-8); unfilled is blank.
std::string bar(double share, int width);
/// The text with blanks before it up to `width` columns.
std::string right(const std::string& text, int width);

}  // namespace weir::load
