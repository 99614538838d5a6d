#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "client/report/load_result.hpp"

namespace weir::load {

/// The schema of docs/load-testing.md; raised when a key changes its meaning or goes.
inline constexpr int kJsonSchema = 1;

/// The report for machines, histograms included without loss.
boost::json::object json_report(const LoadResult& result);

boost::json::object histogram_to_json(const Histogram& histogram);
/// The histogram that histogram_to_json() exported. Throws std::exception where the JSON is not of that form.
Histogram histogram_from_json(const boost::json::object& json);

/// Writes the report and a newline to a file, `-` being stdout. Throws std::runtime_error that names the file.
void write_json_report(const LoadResult& result, const std::string& file);

}  // namespace weir::load
