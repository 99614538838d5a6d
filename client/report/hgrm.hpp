#pragma once

#include <string>

#include "common/histogram.hpp"

namespace weir::load {

/// The percentile distribution of a histogram in milliseconds, as HdrHistogram prints it (outputPercentileDistribution
/// in Java, hdr_percentiles_print in C; hdrhistogram.org): five lines for each half of the distance to 100 %. Its
/// plotter and others read it. Times beyond the histogram's range count as the longest one.
std::string hgrm_report(const Histogram& times);

}  // namespace weir::load
