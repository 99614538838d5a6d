#pragma once

#include <span>
#include <string>

#include "client/report/load_result.hpp"

namespace weir::load {

/// One result of several generators' that loaded at the same time: histograms and counts add up without loss, and their
/// time series are laid over each other by the wall clock. There is one at least, and all are of the same workload and
/// the same kind of loop; throws std::invalid_argument otherwise, with a sentence that says which differ.
LoadResult merge_results(std::span<const LoadResult> results);

/// A sentence where their loads began a second apart or more, for then they are no load that was made at once; else
/// empty.
std::string remark_on_begins(std::span<const LoadResult> results);

}  // namespace weir::load
