#include "client/report/report_files.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <filesystem>
#include <stdexcept>
#include <utility>

#include "client/report/json.hpp"
#include "client/report/read_file.hpp"
#include "client/report/read_reports.hpp"
#include "client/report/table.hpp"
#include "client/report/text.hpp"
#include "client/report/thin_intervals.hpp"
#include "client/report_head.hpp"
#include "common/lines.hpp"
#include "common/printable.hpp"
#include "common/version.hpp"

namespace weir::load {

namespace json = boost::json;

namespace {

/// The text at a key; empty where there is none.
std::string text_at(const json::object& object, const char* key) {
  const json::value* value = object.if_contains(key);
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string() : std::string(text->data(), text->size());
}

[[noreturn]] void refuse(const std::string& file, const std::string& why) {
  throw std::runtime_error(file + ": " + why);
}

void require_known(const std::string& file, const json::object& report) {
  if (text_at(report, "program") != "weir-load") refuse(file, "is no JSON report of weir-load");
  const json::value* schema = report.if_contains("schema");
  if (schema == nullptr || *schema != json::value(kJsonSchema)) {
    refuse(file, "has another schema than " + std::to_string(kJsonSchema) + ", which this program knows");
  }
}

/// What a comparison or a search for the capacity printed; of earlier versions, what they found in the words that stand
/// in it.
std::string found(const std::string& file, const json::object& report, const char* key) {
  std::string text;
  for (const std::string& line : lines_of(text_at(report, "text"))) text.append(terminal_text(line)).append("\n");
  if (!text.empty()) return text;
  text = file + ": " + terminal_text(text_at(report, key)) + "\n";
  const json::value* objections = report.if_contains("objections");
  if (objections == nullptr || !objections->is_array()) return text;
  for (const json::value& objection : objections->get_array()) {
    if (!objection.is_string()) continue;
    const json::string& words = objection.get_string();
    text.append("  but: ").append(terminal_text({words.data(), words.size()})).append("\n");
  }
  return text;
}

}  // namespace

ReportFiles::ReportFiles(const std::vector<std::string>& files) {
  for (const std::string& name : files) {
    std::string text = read_file(name);
    std::optional<ReportParts> parts = take_apart(text);
    if (!parts) refuse(name_of_input(name), "is no JSON report of weir-load");
    // In place: a copy of a long run's would be as large again.
    const std::size_t size = parts->intervals.size();
    if (size != 0) text.erase(0, static_cast<std::size_t>(parts->intervals.data() - text.data()));
    text.resize(size);
    take({name, std::move(parts->rest), std::move(text)});
  }
}

void ReportFiles::take(File file) {
  const auto& [name, report, intervals] = file;
  require_known(name, report);
  const std::string kind = text_at(report, "kind");
  const std::string workload = text_at(report, "workload");
  if (kind == "comparison" || kind == "capacity") {
    File& place = kind == "comparison" ? comparison_ : capacity_;
    if (!place.report.empty()) refuse(name, "is a second " + kind + ", after " + place.name + "; a page has one");
    place = std::move(file);
  } else if (kind.empty() && (workload == "echo" || workload == "connect")) {
    reports_.push_back(std::move(file));
  } else {
    const std::string what = kind.empty() ? workload : kind;
    refuse(name, "is a report of " + in_quotes(what) + "; echo, connect, comparison and capacity can be shown");
  }
}

json::object ReportFiles::document(const std::vector<std::string>& command) const {
  const auto or_null = [](const File& file) {
    return file.report.empty() ? json::value(nullptr) : json::value(shown(file));
  };
  json::array reports;
  for (const File& file : reports_) reports.push_back(json::object{{"label", file.name}, {"report", shown(file)}});
  json::array words;
  for (const std::string& word : command) words.emplace_back(word);
  return {{"reports", std::move(reports)},
          {"comparison", or_null(comparison_)},
          {"capacity", or_null(capacity_)},
          {"command", std::move(words)},
          {"version", kVersion}};
}

std::string ReportFiles::table() const {
  std::vector<NamedResult> results;
  for (const File& file : reports_) {
    LoadResult result = read(file);
    result.intervals.clear();  // of which the table shows nothing, and those of several long runs are large
    results.emplace_back(std::filesystem::path(file.name).stem(), std::move(result));
  }
  std::string others = text_of_others();
  if (results.empty()) return others;
  return results_table(results) + (others.empty() ? "" : "\n") + others;
}

json::object ReportFiles::shown(const File& file) {
  json::object report = file.report;
  if (file.intervals.empty()) return report;
  try {
    ArrayItems items(file.intervals);
    report["intervals"] =
        thin_intervals(count_items(file.intervals), [&items](json::value& item) { return items.next(item); });
  } catch (const std::exception& problem) {
    refuse(file.name, std::string("is not a readable report: ") + problem.what());
  }
  return report;
}

LoadResult ReportFiles::read(const File& file) {
  try {
    return read_report_parts({file.report, file.intervals});
  } catch (const std::exception& problem) {
    refuse(file.name, std::string("is not a readable report: ") + problem.what());
  }
}

std::string ReportFiles::text_of_others() const {
  std::string text;
  if (!capacity_.report.empty()) text += found(capacity_.name, capacity_.report, "reason");
  if (!capacity_.report.empty() && !comparison_.report.empty()) text += "\n";
  if (!comparison_.report.empty()) text += found(comparison_.name, comparison_.report, "sentence");
  return text;
}

std::string ReportFiles::text() const {
  std::string text = text_of_others();
  for (const File& file : reports_) {
    if (!text.empty()) text += "\n";
    text += text_report(read(file));
  }
  return text;
}

}  // namespace weir::load
