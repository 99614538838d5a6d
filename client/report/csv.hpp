#pragma once

#include <string>

#include "client/report/load_result.hpp"

namespace weir::load {

/// The time series as comma-separated values (RFC 4180): a header with the names that the JSON report has, and a line
/// an interval. `phase` is where the middle of the interval lies, since none ends exactly with the warmup. The times
/// are empty where there are none, and in the warmup, whose last interval may have the first few of the measured ones.
std::string csv_report(const LoadResult& result);

}  // namespace weir::load
