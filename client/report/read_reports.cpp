#include "client/report/read_reports.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string_view>

#include "client/report/json.hpp"
#include "common/lines.hpp"

namespace weir::load {

namespace json = boost::json;

namespace {

/// How each report begins that weir-load writes on a line.
constexpr std::string_view kBegin = "{\"schema\":";

std::string read_text(const std::string& file) {
  std::stringstream text;
  if (file == "-") {
    text << std::cin.rdbuf();
    return text.str();
  }
  std::ifstream in(file);
  if (in) in.peek();  // a folder can be opened, but not read
  if (!in.is_open() || in.bad()) throw std::runtime_error(file + ": " + std::strerror(errno));
  text << in.rdbuf();
  return text.str();
}

LoadResult read(const json::value& value, const std::string& place) {
  try {
    return read_json_report(value.as_object());
  } catch (const std::exception& problem) {
    throw std::runtime_error(place + ": is not a readable report: " + problem.what());
  }
}

}  // namespace

std::vector<LoadResult> parse_json_reports(const std::string& text, const std::string& name) {
  boost::system::error_code error;
  const json::value whole = json::parse(text, error);
  std::vector<LoadResult> reports;
  if (!error && whole.is_object()) {
    reports.push_back(read(whole, name));
    return reports;
  }
  std::size_t number = 0;
  for (const std::string& line : lines_of(text)) {
    ++number;
    const std::size_t begin = line.find(kBegin);
    if (begin == std::string::npos) continue;
    const std::string place = name + ":" + std::to_string(number);
    const json::value value = json::parse(line.substr(begin), error);
    if (error) throw std::runtime_error(place + ": the report that begins there is cut off or damaged");
    reports.push_back(read(value, place));
  }
  if (reports.empty()) throw std::runtime_error(name + ": is no JSON report of weir-load, and no line of it is one");
  return reports;
}

std::vector<LoadResult> read_json_reports(const std::string& file) {
  return parse_json_reports(read_text(file), file == "-" ? "stdin" : file);
}

}  // namespace weir::load
