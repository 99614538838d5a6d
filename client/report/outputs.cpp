#include "client/report/outputs.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <exception>

#include "client/report/html_report.hpp"
#include "client/report/json.hpp"
#include "client/report/text.hpp"

namespace weir::load {

namespace json = boost::json;

namespace {

constexpr int kFailed = 1;

/// What the page of a single report is made from.
json::object page_of(const json::object& report) {
  const json::value* const kind = report.if_contains("kind");
  const auto if_kind = [&](const char* name) {
    return kind != nullptr && *kind == name ? json::value(report) : json::value(nullptr);
  };
  json::array reports;
  if (kind == nullptr) reports.push_back(json::object{{"label", report.at("target")}, {"report", report}});
  return {{"reports", std::move(reports)},
          {"comparison", if_kind("comparison")},
          {"capacity", if_kind("capacity")},
          {"command", report.at("command")},
          {"version", report.at("version")}};
}

void complain(const std::string& problem, int& status) {
  std::fprintf(stderr, "weir-load: %s\n", problem.c_str());
  if (status == 0) status = kFailed;
}

}  // namespace

int print(const std::string& text, std::FILE* out) {
  if (std::fwrite(text.data(), 1, text.size(), out) == text.size() && std::fflush(out) == 0) return 0;
  std::perror("weir-load: cannot write the report");
  return kFailed;
}

int Outputs::show(const std::string& text, const json::object& report, int found) {
  const bool stdout_is_taken = json_.is_stdout() || html_.is_stdout() || exports_.take_stdout();
  const int printed = print(text, stdout_is_taken ? stderr : stdout);
  int status = found != 0 ? found : printed;
  // What was measured is printed already; the exit status says the worst of both.
  try {
    if (json_.is_wanted()) json_.write(json::serialize(report) + "\n");
  } catch (const std::exception& error) {
    complain(error.what(), status);
  }
  try {
    if (html_.is_wanted()) html_.write(html_report(page_of(report)));
  } catch (const std::exception& error) {
    complain(error.what(), status);
  }
  return status;
}

int Outputs::show(const LoadResult& result) {
  int status = show(text_report(result), json_report(result), result.exit_status());
  for (const std::string& problem : exports_.write(result)) complain(problem, status);
  return status;
}

}  // namespace weir::load
