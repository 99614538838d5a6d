#pragma once

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <cstddef>
#include <functional>

namespace weir::load {

/// More columns than these no page shows of a time series.
inline constexpr std::size_t kMostColumns = 600;

/// Makes the `intervals` of a load report light enough for a page: of more than kMostColumns, the buckets of so many
/// neighbours are added up and stand with the last of them, 1.6 % wide, and the others have none. No time is lost, and
/// all else of each interval stays. Short series, and what is no interval, stay as they are. There are `count`; each
/// call of `next` puts another one into the value, until it returns false, so that all of a long run's are never there
/// at once.
boost::json::array thin_intervals(std::size_t count, const std::function<bool(boost::json::value&)>& next);

}  // namespace weir::load
