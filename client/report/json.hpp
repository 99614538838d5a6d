#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "client/report/load_result.hpp"

namespace weir::load {

/// The schema of docs/load-testing.md; raised when a key changes its meaning or goes.
inline constexpr int kJsonSchema = 1;

/// The report for machines, histograms included without loss.
boost::json::object json_report(const LoadResult& result);

/// What json_report() was made from. Throws std::runtime_error that says what is missing or wrong.
LoadResult read_json_report(const boost::json::object& report);

/// The same from a file. The error names it.
LoadResult read_json_file(const std::string& file);

}  // namespace weir::load
