#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "client/report/load_result.hpp"

namespace weir::load {

/// The report for machines, histograms included without loss.
boost::json::object json_report(const LoadResult& result);

/// What json_report() was made from. Throws std::runtime_error that names the key which is missing or wrong: of another
/// type, negative, too large to be added up, or in contradiction to others.
LoadResult read_json_report(const boost::json::object& report);
/// The same, and lets go of what was read: the intervals of a long run are large.
LoadResult read_json_report(boost::json::object&& report);

}  // namespace weir::load
