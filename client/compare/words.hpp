#pragma once

#include <string>

/// How comparisons write their figures.
namespace weir::load {

/// `+9.8 %`, `-0.3 %`, `+120 %`.
std::string signed_percent(double change);
/// `+1.20 ms`, `-34.0 us`.
std::string signed_duration(double nanoseconds);
/// `+8.1 to +11.5 %`.
std::string range_of_changes(double low, double high);
/// `+1.15 ms to +1.30 ms`.
std::string range_of_times(double low, double high);

}  // namespace weir::load
