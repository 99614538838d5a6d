#pragma once

#include <span>
#include <vector>

#include "common/histogram.hpp"

namespace weir::load {

/// Buckets of both, each sorted by their values, and so is what it returns. A histogram for each of many intervals
/// would take a quarter of a megabyte each.
std::vector<Histogram::Bucket> merge_buckets(std::span<const Histogram::Bucket> a,
                                             std::span<const Histogram::Bucket> b);

}  // namespace weir::load
