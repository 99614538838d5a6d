#pragma once

#include <string>

namespace weir::load {

/// Where the result of a load goes besides its reports. Of each: empty is nowhere, `-` is stdout.
struct ExportFiles {
  std::string csv;   ///< the time series
  std::string hgrm;  ///< the percentile distribution
};

}  // namespace weir::load
