#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "client/command_line/command_line.hpp"
#include "client/compare/comparison_report.hpp"
#include "client/experiment/capacity_report.hpp"
#include "client/experiment/interleaved.hpp"
#include "client/faults/faults_report.hpp"
#include "client/faults/faults_run.hpp"
#include "client/fetch/fetch_all.hpp"
#include "client/idle/idle_report.hpp"
#include "client/idle/idle_run.hpp"
#include "client/load_run.hpp"
#include "client/metrics/metrics_server.hpp"
#include "client/process_group.hpp"
#include "client/report/html_report.hpp"
#include "client/report/json.hpp"
#include "client/report/merge.hpp"
#include "client/report/output_file.hpp"
#include "client/report/outputs.hpp"
#include "client/report/read_file.hpp"
#include "client/report/read_reports.hpp"
#include "client/report/report_files.hpp"
#include "client/same_file.hpp"
#include "client/stream/stream_report.hpp"
#include "client/stream/stream_run.hpp"
#include "client/stream/stream_server.hpp"
#include "client/terminal_control.hpp"
#include "client/workload/chat.hpp"
#include "common/build_info.hpp"

namespace {

using namespace weir::load;

constexpr std::array<std::string_view, 8> kMadeOf{"Boost",   "c-ares",  "CLI11",          "fmt",
                                                  "libedit", "OpenSSL", "prometheus-cpp", "spdlog"};

enum Exit { kFine = 0, kFailed = 1, kBadUsage = 2 };

int execute(const PrintText& help) { return print(help.text, stdout); }

int execute(const PrintBuild& build) {
  return print(build.version + weir::build_info(weir::source_commit(), kMadeOf), stdout);
}

int execute(const LoadOptions& options) {
  Outputs outputs(options.json_file, options.html_file, options.exports);
  std::unique_ptr<MetricsServer> metrics;
  if (options.prometheus) metrics = std::make_unique<MetricsServer>(options);
  if (options.processes > 1) return outputs.show(run_processes(options, metrics.get()));
  TerminalControl control(options, metrics ? &metrics->metrics() : nullptr);
  if (metrics) metrics->start();
  return outputs.show(run_load(options, {.all_connections = options.connections}, control));
}

int execute(const MergeOptions& options) {
  Outputs outputs(options.json_file, {}, options.exports);
  std::vector<LoadResult> results;
  for (const std::string& file : options.files) {
    for (LoadResult& result : read_json_reports(file)) results.push_back(std::move(result));
  }
  const LoadResult merged = merge_results(results);
  if (const std::string remark = remark_on_begins(results); !remark.empty()) {
    std::fprintf(stderr, "weir-load: %s\n", remark.c_str());
  }
  results.clear();  // of long runs they are large, and so is the report that is made now
  return outputs.show(merged);
}

int show(const Comparison& comparison, Outputs& outputs) {
  return outputs.show(comparison_text(comparison), comparison_json(comparison), comparison.exit_status());
}

/// Each file once: patterns may overlap, and a run that counts twice would look like two that agree.
ComparedSide read_side(const std::vector<std::string>& files) {
  ComparedSide side;
  for (const std::string& file : files) {
    const auto same = std::find_if(side.files.begin(), side.files.end(),
                                   [&file](const std::string& other) { return is_same_file(file, other); });
    if (same != side.files.end()) {
      std::fprintf(stderr, "weir-load: %s is named twice on one side, and counts once\n", file.c_str());
      continue;
    }
    side.results.push_back(read_json_file(file));
    side.files.push_back(file);
  }
  side.label = side.files.front();
  if (side.files.size() > 1) side.label += " and " + std::to_string(side.files.size() - 1) + " more";
  return side;
}

int execute(const CompareOptions& options) {
  Outputs outputs(options.json_file, options.html_file);
  ComparedSide before = read_side(options.before);
  ComparedSide after = read_side(options.after);
  Comparison comparison =
      compare_sides(Question::compare, std::move(before), std::move(after), false, options.settings);
  comparison.command = options.command;
  return show(comparison, outputs);
}

int execute(const AbOptions& options) {
  Outputs outputs(options.plan.json_file, options.plan.html_file);
  return show(run_interleaved(options), outputs);
}

int execute(const CapacityOptions& options) {
  Outputs outputs(options.plan.json_file, options.plan.html_file);
  const Capacity capacity = find_capacity(options);
  return outputs.show(capacity_text(capacity), capacity_json(capacity), capacity.exit_status());
}

int execute(const ReportOptions& options) {
  OutputFile html(options.html_file);
  const ReportFiles reports(options.files);
  const auto print_text = [&](std::FILE* out) { return print(options.table ? reports.table() : reports.text(), out); };
  if (!html.is_wanted()) return print_text(stdout);
  html.write(html_report(reports.document(options.command)));
  return options.text || options.table ? print_text(html.is_stdout() ? stderr : stdout) : kFine;
}

int execute(const ChatOptions& options) { return chat(options.target, options.timeout, options.tls); }

int execute(const FetchOptions& options) { return fetch_all(options); }

int execute(const StreamOptions& options) {
  Outputs outputs(options.json_file);
  const StreamSummary summary = run_streams(options);
  return outputs.show(stream_text_report(summary), stream_json_report(summary), summary.exit_status());
}

int execute(const StreamServeOptions& options) { return serve_streams(options); }

int execute(const IdleOptions& options) {
  Outputs outputs(options.json_file);
  const IdleSummary summary = hold_idle(options);
  return outputs.show(idle_text_report(summary), idle_json_report(summary), summary.exit_status());
}

Announcement announced_in(const FaultsOptions& options) {
  const std::string text = read_file(options.file);
  try {
    return read_announcement(text, options.listener);
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(name_of_input(options.file) + ": " + error.what());
  }
}

int execute(const FaultsOptions& options) {
  Outputs outputs(options.json_file);
  const Announcement announcement = announced_in(options);
  const FaultsSummary summary = check_faults(options, announcement);
  return outputs.show(faults_text_report(summary), faults_json_report(summary), summary.exit_status());
}

/// Opens /dev/null for standard streams that were closed, so that no socket takes their place. What is written to a
/// closed stdout stays an error: a report that nobody gets is not fine.
void reserve_standard_streams() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) < 0) ::open("/dev/null", fd == STDERR_FILENO ? O_WRONLY : O_RDONLY);
  }
}

}  // namespace

int main(int argc, char** argv) {
  reserve_standard_streams();
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is an error of the write that met it
  try {
    const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
    return std::visit([](const auto& command) { return execute(command); }, parse_command_line(arguments));
  } catch (const UsageError& error) {
    const std::string text = error.what();
    std::fprintf(stderr, "%s%s", text.c_str(), text.ends_with('\n') ? "" : "\n");
    return kBadUsage;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "weir-load: %s\n", error.what());
    return kFailed;
  }
}
