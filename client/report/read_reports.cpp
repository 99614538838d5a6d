#include "client/report/read_reports.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/stream_parser.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "client/report/json.hpp"
#include "client/report/read_file.hpp"

namespace weir::load {

namespace json = boost::json;

namespace {

/// How each report begins that weir-load writes on a line.
constexpr std::string_view kBegin = "{\"schema\":";

/// Where an array ends, by its brackets; the text's end where it does not.
std::size_t end_of_array(std::string_view text, std::size_t at) {
  int depth = 0;
  for (bool quoted = false; at < text.size(); ++at) {
    const char c = text[at];
    if (quoted) {
      if (c == '\\') ++at;
      quoted = c != '"';
    } else if (c == '"') {
      quoted = true;
    } else if (c == '[' || c == '{') {
      ++depth;
    } else if ((c == ']' || c == '}') && --depth == 0) {
      return at + 1;
    }
  }
  return text.size();
}

/// A report's text without the items of its array of intervals, and the array; whole where there is none.
struct Parts {
  std::string rest;
  std::string_view intervals;  ///< with its brackets
};

Parts without_intervals(std::string_view text) {
  // Nothing else in a report is called so, and within a text the quotes would be escaped.
  constexpr std::string_view kKey = "\"intervals\"";
  constexpr std::string_view kBlanks = " \t\r\n";
  std::size_t begin = text.find(kKey);
  if (begin != std::string_view::npos) begin = text.find_first_not_of(kBlanks, begin + kKey.size());
  if (begin != std::string_view::npos && text[begin] == ':') begin = text.find_first_not_of(kBlanks, begin + 1);
  if (begin == std::string_view::npos || text[begin] != '[') return {std::string(text), {}};
  const std::size_t end = end_of_array(text, begin);
  Parts parts{std::string(text.substr(0, begin)), text.substr(begin, end - begin)};
  parts.rest.append("[]").append(text.substr(end));
  return parts;
}

/// Takes the items of an array one after another.
class Items {
 public:
  explicit Items(std::string_view array) : left_(array.substr(1)) {}

  /// Throws std::runtime_error where they are no JSON.
  bool next(json::value& item) {
    skip_blanks();
    if (left_ == "]") return false;
    if (!first_ && !take(',')) damaged();
    first_ = false;
    skip_blanks();
    json::stream_parser parser;
    boost::system::error_code error;
    const std::size_t taken = parser.write_some(left_.data(), left_.size(), error);
    if (error || !parser.done()) damaged();
    left_.remove_prefix(taken);
    item = parser.release();
    return true;
  }

 private:
  [[noreturn]] static void damaged() { throw std::runtime_error("intervals are cut off or damaged"); }
  void skip_blanks() { left_.remove_prefix(std::min(left_.find_first_not_of(" \t\r\n"), left_.size())); }
  bool take(char c) {
    if (!left_.starts_with(c)) return false;
    left_.remove_prefix(1);
    return true;
  }

  std::string_view left_;
  bool first_ = true;
};

/// A text that is one report. Nothing where it is no JSON object; throws std::runtime_error where that is no report.
std::optional<LoadResult> read_text(std::string_view text, const std::string& place) {
  const Parts parts = without_intervals(text);
  boost::system::error_code error;
  const json::value report = json::parse(parts.rest, error);
  if (error || !report.is_object()) return std::nullopt;
  try {
    if (parts.intervals.empty()) return read_json_report(report.get_object());
    Items items(parts.intervals);
    return read_json_report(report.get_object(), [&items](json::value& item) { return items.next(item); });
  } catch (const std::exception& problem) {
    throw std::runtime_error(place + ": is not a readable report: " + problem.what());
  }
}

}  // namespace

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
