#pragma once

#include <string>

#include "client/report/load_result.hpp"

namespace weir::load {

/// The report for people: what was run, what was achieved, how long it took, what went wrong, who set the limit. At
/// most 80 columns, but for the line of a target whose name is longer.
std::string text_report(const LoadResult& result);

}  // namespace weir::load
