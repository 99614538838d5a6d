#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "client/report/load_result.hpp"
#include "client/report/report_parts.hpp"

namespace weir::load {

/// The JSON reports of a file, or of stdin for `-`: one, however it is laid out, or one a line between lines that are
/// none, as the logs of several generators have them. What stands before a report on its line is skipped, as a time or
/// a name that a log puts there. Throws std::runtime_error that names the file, and the line, where there is none or
/// where one is damaged: none is left out in silence.
std::vector<LoadResult> read_json_reports(const std::string& file);

/// The one report that a file holds and nothing else. Throws likewise.
LoadResult read_json_file(const std::string& file);

/// What a report that was taken apart was made from. Throws like read_json_report() (json.hpp), and where an interval
/// is damaged.
LoadResult read_report_parts(const ReportParts& parts);

/// The same as read_json_reports() from a text; `name` is what errors call it.
std::vector<LoadResult> parse_json_reports(std::string_view text, const std::string& name);

}  // namespace weir::load
