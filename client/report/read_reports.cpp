#include "client/report/read_reports.hpp"

#include <boost/json/value.hpp>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "client/report/json.hpp"
#include "client/report/read_file.hpp"

namespace weir::load {

namespace {

/// How each report begins that weir-load writes on a line.
constexpr std::string_view kBegin = "{\"schema\":";

/// A text that is one report. Nothing where it is no JSON object; throws std::runtime_error where that is no report.
std::optional<LoadResult> read_text(std::string_view text, const std::string& place) {
  const std::optional<ReportParts> parts = take_apart(text);
  if (!parts) return std::nullopt;
  try {
    return read_report_parts(*parts);
  } catch (const std::exception& problem) {
    throw std::runtime_error(place + ": is not a readable report: " + problem.what());
  }
}

}  // namespace

LoadResult read_report_parts(const ReportParts& parts) {
  if (parts.intervals.empty()) return read_json_report(parts.rest);
  ArrayItems items(parts.intervals);
  return read_json_report(parts.rest, [&items](boost::json::value& item) { return items.next(item); });
}

std::vector<LoadResult> parse_json_reports(std::string_view text, const std::string& name) {
  std::vector<LoadResult> reports;
  if (std::optional<LoadResult> whole = read_text(text, name)) {
    reports.push_back(std::move(*whole));
    return reports;
  }
  std::size_t number = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view line = text.substr(at, text.find('\n', at) - at);
    at += line.size() + 1;
    ++number;
    const std::size_t begin = line.find(kBegin);
    if (begin == std::string_view::npos) continue;
    const std::string place = name + ":" + std::to_string(number);
    std::optional<LoadResult> report = read_text(line.substr(begin), place);
    if (!report) throw std::runtime_error(place + ": the report that begins there is cut off or damaged");
    reports.push_back(std::move(*report));
  }
  if (reports.empty()) throw std::runtime_error(name + ": is no JSON report of weir-load, and no line of it is one");
  return reports;
}

std::vector<LoadResult> read_json_reports(const std::string& file) {
  return parse_json_reports(read_file(file), name_of_input(file));
}

LoadResult read_json_file(const std::string& file) {
  const std::string name = name_of_input(file);
  std::optional<LoadResult> report = read_text(read_file(file), name);
  if (!report) throw std::runtime_error(name + ": is no JSON report of weir-load");
  return std::move(*report);
}

}  // namespace weir::load
