#pragma once

#include <string>

#include "client/report/load_result.hpp"

namespace weir::load {

/// The time series in two lines of at most 80 columns, the rate and the p99, where something changed notably in the
/// measured time: a stall, a dip, a jump of the p99, or a drift. Empty where it went on as it began, for then the lines
/// would say nothing. They are drawn with blocks where `blocks` says that the terminal knows them.
std::string over_time(const LoadResult& result, bool blocks);

/// Whether a locale's name says that its texts are UTF-8.
bool is_utf8_locale(const std::string& name);

/// The name of the locale that the environment asks for (setlocale(3)).
std::string locale_of_environment();

}  // namespace weir::load
