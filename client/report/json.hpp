#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "client/report/load_result.hpp"

namespace weir::load {

/// The report for machines, histograms included without loss.
boost::json::object json_report(const LoadResult& result);

/// What json_report() was made from. Throws std::runtime_error that says what is missing or wrong.
LoadResult read_json_report(const boost::json::object& report);

/// The JSON object that a file holds. Throws std::runtime_error that names the file.
boost::json::object read_json_object(const std::string& file);

/// What read_json_report() makes of a file. The error names it.
LoadResult read_json_file(const std::string& file);

}  // namespace weir::load
