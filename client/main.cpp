#include <fcntl.h>
#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <csignal>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "client/command_line/command_line.hpp"
#include "client/fetch/fetch_all.hpp"
#include "client/idle/idle_report.hpp"
#include "client/idle/idle_run.hpp"
#include "client/load_run.hpp"
#include "client/metrics/metrics_server.hpp"
#include "client/process_group.hpp"
#include "client/report/json.hpp"
#include "client/report/load_exports.hpp"
#include "client/report/merge.hpp"
#include "client/report/output_file.hpp"
#include "client/report/read_reports.hpp"
#include "client/report/text.hpp"
#include "client/stream/stream_report.hpp"
#include "client/stream/stream_run.hpp"
#include "client/stream/stream_server.hpp"
#include "client/terminal_control.hpp"
#include "client/workload/chat.hpp"

namespace {

using namespace weir::load;

enum Exit { kFine = 0, kFailed = 1, kBadUsage = 2 };

int print(const std::string& text, std::FILE* out) {
  if (std::fwrite(text.data(), 1, text.size(), out) == text.size() && std::fflush(out) == 0) return kFine;
  std::perror("weir-load: cannot write the report");
  return kFailed;
}

int execute(const PrintText& help) { return print(help.text, stdout); }

/// Shows what was found: the text for people on `out`, and the report for machines where it is wanted. Returns the exit
/// status.
int show(const std::string& text, const boost::json::object& report, int found, OutputFile& json, std::FILE* out) {
  const int printed = print(text, out);
  int status = found != kFine ? found : printed;
  if (!json.is_wanted()) return status;
  try {
    json.write(boost::json::serialize(report) + "\n");
  } catch (const std::exception& error) {
    // What was measured is printed already; the exit status says the worst of both.
    std::fprintf(stderr, "weir-load: %s\n", error.what());
    if (status == kFine) status = kFailed;
  }
  return status;
}

int show(const std::string& text, const boost::json::object& report, int found, OutputFile& json) {
  return show(text, report, found, json, json.is_stdout() ? stderr : stdout);
}

int show(const LoadResult& result, OutputFile& json, LoadExports& exports) {
  std::FILE* const out = json.is_stdout() || exports.take_stdout() ? stderr : stdout;
  int status = show(text_report(result), json_report(result), result.exit_status(), json, out);
  for (const std::string& problem : exports.write(result)) {
    std::fprintf(stderr, "weir-load: %s\n", problem.c_str());
    if (status == kFine) status = kFailed;
  }
  return status;
}

int execute(const LoadOptions& options) {
  OutputFile json(options.json_file);
  LoadExports exports(options.exports);
  std::unique_ptr<MetricsServer> metrics;
  if (options.prometheus) metrics = std::make_unique<MetricsServer>(options);
  if (options.processes > 1) return show(run_processes(options, metrics.get()), json, exports);
  TerminalControl control(options, metrics ? &metrics->metrics() : nullptr);
  if (metrics) metrics->start();
  return show(run_load(options, {.all_connections = options.connections}, control), json, exports);
}

int execute(const MergeOptions& options) {
  OutputFile json(options.json_file);
  LoadExports exports(options.exports);
  std::vector<LoadResult> results;
  for (const std::string& file : options.files) {
    for (LoadResult& result : read_json_reports(file)) results.push_back(std::move(result));
  }
  return show(merge_results(results), json, exports);
}

int execute(const ChatOptions& options) { return chat(options.target, options.timeout); }

int execute(const FetchOptions& options) { return fetch_all(options); }

int execute(const StreamOptions& options) {
  OutputFile json(options.json_file);
  const StreamSummary summary = run_streams(options);
  return show(stream_text_report(summary), stream_json_report(summary), summary.exit_status(), json);
}

int execute(const StreamServeOptions& options) { return serve_streams(options); }

int execute(const IdleOptions& options) {
  OutputFile json(options.json_file);
  const IdleSummary summary = hold_idle(options);
  return show(idle_text_report(summary), idle_json_report(summary), summary.exit_status(), json);
}

/// Opens /dev/null for standard streams that were closed, so that no socket takes their place.
void reserve_standard_streams() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) < 0) ::open("/dev/null", fd == STDIN_FILENO ? O_RDONLY : O_WRONLY);
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
