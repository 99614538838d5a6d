#pragma once

#include <string>

#include "client/report/load_result.hpp"

namespace weir::load {

/// The time series in two lines of at most 80 columns, the rate and the p99, where something changed notably in the
/// measured time: a stall, a dip, a jump of the p99, or a drift. Empty where it went on as it began, for then the lines
/// would say nothing, and where there are too few intervals to say what is usual.
std::string over_time(const LoadResult& result);

}  // namespace weir::load
