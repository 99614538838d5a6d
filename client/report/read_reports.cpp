#include "client/report/read_reports.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
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

LoadResult read(json::object&& report, const std::string& place) {
  try {
    return read_json_report(std::move(report));
  } catch (const std::exception& problem) {
    throw std::runtime_error(place + ": is no report that can be read: " + problem.what());
  }
}

}  // namespace

std::vector<LoadResult> parse_json_reports(std::string text, const std::string& name) {
  boost::system::error_code error;
  json::value whole = json::parse(text, error);
  std::vector<LoadResult> reports;
  if (!error && whole.is_object()) {
    std::string().swap(text);  // it may be large, and so is what it became
    reports.push_back(read(std::move(whole.get_object()), name));
    return reports;
  }
  std::size_t number = 0;
  const std::string_view all(text);
  for (std::size_t at = 0; at < all.size();) {
    const std::string_view line = all.substr(at, all.find('\n', at) - at);
    at += line.size() + 1;
    ++number;
    const std::size_t begin = line.find(kBegin);
    if (begin == std::string_view::npos) continue;
    std::string_view report = line.substr(begin);
    if (report.ends_with('\r')) report.remove_suffix(1);
    const std::string place = name + ":" + std::to_string(number);
    json::value value = json::parse({report.data(), report.size()}, error);
    if (error || !value.is_object()) {
      throw std::runtime_error(place + ": the report that begins there is cut off or damaged");
    }
    reports.push_back(read(std::move(value.get_object()), place));
  }
  if (reports.empty()) throw std::runtime_error(name + ": is no JSON report of weir-load, and no line of it is one");
  return reports;
}

std::vector<LoadResult> read_json_reports(const std::string& file) {
  return parse_json_reports(read_file(file), name_of_input(file));
}

LoadResult read_json_file(const std::string& file) { return read(read_json_object(file), name_of_input(file)); }

}  // namespace weir::load
