#pragma once

#include <span>
#include <string>
#include <vector>

#include "client/report/load_result.hpp"

namespace weir::load {

/// Why runs of two sides can't be compared: another shape of load, another machine, a run that the generator limited.
/// Empty where they can.
std::vector<std::string> objections_to(std::span<const LoadResult> a, std::span<const LoadResult> b);

}  // namespace weir::load
