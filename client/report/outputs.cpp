#include "client/report/outputs.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <exception>
#include <utility>

#include "client/charset.hpp"
#include "client/report/html_report.hpp"
#include "client/report/json.hpp"
#include "client/report/text.hpp"

namespace weir::load {

namespace json = boost::json;

namespace {

constexpr int kFailed = 1;

/// What the page of a single report is made from.
json::object page_of(json::object report) {
  const json::value* const found = report.if_contains("kind");
  const json::value kind = found == nullptr ? json::value(nullptr) : *found;
  json::object page{{"command", report.at("command")}, {"version", report.at("version")}};
  page["reports"] = json::array();
  page["comparison"] = nullptr;
  page["capacity"] = nullptr;
  if (kind.is_null()) {
    json::value label = report.at("target");
    page["reports"] = json::array{json::object{{"label", std::move(label)}, {"report", std::move(report)}}};
  } else if (kind == "comparison") {
    page["comparison"] = std::move(report);
  } else if (kind == "capacity") {
    page["capacity"] = std::move(report);
  }
  return page;
}

void complain(const std::string& problem, int& status) {
  std::fprintf(stderr, "weir-load: %s\n", problem.c_str());
  if (status == 0) status = kFailed;
}

}  // namespace

int print(const std::string& text, std::FILE* out) {
  const std::string shown = for_locale(text);
  if (std::fwrite(shown.data(), 1, shown.size(), out) == shown.size() && std::fflush(out) == 0) return 0;
  std::perror("weir-load: cannot write the report");
  return kFailed;
}

int Outputs::show(const std::string& text, const json::object& report, int found) {
  return show(text, found, [&report] { return json::serialize(report); }, [&report] { return report; });
}

int Outputs::show(const LoadResult& result) {
  // Those of a long run are large: none is made that nobody wants.
  int status = show(
      text_report(result), result.exit_status(), [&result] { return json_text(result); },
      [&result] { return page_report(result); });
  for (const std::string& problem : exports_.write(result)) complain(problem, status);
  return status;
}

int Outputs::show(const std::string& text, int found, const std::function<std::string()>& as_text,
                  const std::function<json::object()>& as_object) {
  const bool stdout_is_taken = json_.is_stdout() || html_.is_stdout() || exports_.take_stdout();
  const int printed = print(text, stdout_is_taken ? stderr : stdout);
  int status = found != 0 ? found : printed;
  // What was measured is printed already; the exit status says the worst of both.
  try {
    if (json_.is_wanted()) json_.write(as_text() + "\n");
  } catch (const std::exception& error) {
    complain(error.what(), status);
  }
  try {
    if (html_.is_wanted()) html_.write(html_report(page_of(as_object())));
  } catch (const std::exception& error) {
    complain(error.what(), status);
  }
  return status;
}

}  // namespace weir::load
