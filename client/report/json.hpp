#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <functional>
#include <string>

#include "client/report/load_result.hpp"

namespace weir::load {

/// The report for machines, histograms included without loss.
boost::json::object json_report(const LoadResult& result);

/// The same for a page, which shows no more than thin_intervals() leaves.
boost::json::object page_report(const LoadResult& result);

/// What json_report() was made from. Throws std::runtime_error that names the key which is missing or wrong: of another
/// type, negative, too large to be added up, or in contradiction to others.
LoadResult read_json_report(const boost::json::object& report);
/// The same of one whose intervals come one after another, because those of a long run are large: each call of `next`
/// puts another one into the value, until it returns false. What the report has of them itself is not looked at.
LoadResult read_json_report(const boost::json::object& report, const std::function<bool(boost::json::value&)>& next);

/// What boost::json::serialize() makes of json_report(), with one interval at a time in memory.
std::string json_text(const LoadResult& result);

}  // namespace weir::load
