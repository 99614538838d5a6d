#pragma once

#include <boost/json/object.hpp>

namespace weir::load {

/// More columns than these no page shows of a time series.
inline constexpr std::size_t kMostColumns = 600;

/// Makes a load report light enough for a page: of a time series with more than kMostColumns intervals, the buckets of
/// so many neighbours are added up and stand with the last of them, 1.6 % wide, and the others have none. No time is
/// lost, and all else of each interval stays. Short series, and what is no such report, stay as they are.
void thin_intervals(boost::json::object& report);

}  // namespace weir::load
