#include "client/report/report_parts.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/stream_parser.hpp>
#include <stdexcept>
#include <string>
#include <utility>

namespace weir::load {

namespace json = boost::json;

namespace {

constexpr std::string_view kJsonBlanks = " \t\r\n";

struct ArrayExtent {
  std::size_t end = 0;     ///< behind its last bracket; the text's end where there is none
  std::size_t commas = 0;  ///< between its items
};

ArrayExtent extent_of_array(std::string_view text, std::size_t at) {
  ArrayExtent extent;
  int depth = 0;
  for (bool quoted = false; at < text.size(); ++at) {
    const char c = text[at];
    if (quoted) {
      if (c == '\\') ++at;
      quoted = c != '"';
    } else if (c == '"') {
      quoted = true;
    } else if (c == ',') {
      extent.commas += depth == 1 ? 1 : 0;
    } else if (c == '[' || c == '{') {
      ++depth;
    } else if ((c == ']' || c == '}') && --depth == 0) {
      extent.end = at + 1;
      return extent;
    }
  }
  extent.end = text.size();
  return extent;
}

/// The first array of that name, with its brackets; empty where there is none.
std::string_view find_intervals(std::string_view text) {
  // Within a text of the report the quotes would be escaped, so that this is a key, or a text that is not followed by a
  // colon.
  constexpr std::string_view kKey = "\"intervals\"";
  for (std::size_t at = text.find(kKey); at != std::string_view::npos; at = text.find(kKey, at)) {
    at += kKey.size();
    std::size_t begin = text.find_first_not_of(kJsonBlanks, at);
    if (begin == std::string_view::npos || text[begin] != ':') continue;
    begin = text.find_first_not_of(kJsonBlanks, begin + 1);
    if (begin == std::string_view::npos || text[begin] != '[') continue;
    return text.substr(begin, extent_of_array(text, begin).end - begin);
  }
  return {};
}

std::optional<json::object> parse_object(std::string_view text) {
  boost::system::error_code error;
  json::value value = json::parse(json::string_view(text.data(), text.size()), error);
  if (error || !value.is_object()) return std::nullopt;
  return std::move(value.get_object());
}

}  // namespace

std::optional<ReportParts> take_apart(std::string_view report) {
  if (const std::string_view intervals = find_intervals(report); !intervals.empty()) {
    const auto begin = static_cast<std::size_t>(intervals.data() - report.data());
    std::string rest(report.substr(0, begin));
    rest.append("[]").append(report.substr(begin + intervals.size()));
    std::optional<json::object> object = parse_object(rest);
    if (!object) return std::nullopt;
    // An array of that name may belong to something else in the report, which then is no long run's.
    const json::value* const left = object->if_contains("intervals");
    if (left != nullptr && left->is_array() && left->get_array().empty())
      return ReportParts{std::move(*object), intervals};
  }
  std::optional<json::object> object = parse_object(report);
  if (!object) return std::nullopt;
  return ReportParts{std::move(*object), {}};
}

bool ArrayItems::next(json::value& item) {
  const auto damaged = [] { throw std::runtime_error("intervals are cut off or damaged"); };
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

void ArrayItems::skip_blanks() { left_.remove_prefix(std::min(left_.find_first_not_of(kJsonBlanks), left_.size())); }

bool ArrayItems::take(char c) {
  if (!left_.starts_with(c)) return false;
  left_.remove_prefix(1);
  return true;
}

std::size_t count_items(std::string_view array) {
  const bool is_empty = array.find_first_not_of(kJsonBlanks, 1) == array.size() - 1;
  return is_empty ? 0 : extent_of_array(array, 0).commas + 1;
}

}  // namespace weir::load
