#pragma once

#include <string>
#include <utility>
#include <vector>

#include "client/report/load_result.hpp"

namespace weir::load {

/// A load's result and the name that its row has.
using NamedResult = std::pair<std::string, LoadResult>;

/// One row for each result, at most 80 columns wide: rate, p50 and p99, what the p50 has more than that of the first,
/// and how many replies were wrong.
std::string results_table(const std::vector<NamedResult>& results);

}  // namespace weir::load
