#include <memory>

#include "client/command_line/export_options.hpp"
#include "client/command_line/verb.hpp"

namespace weir::load {

namespace {

constexpr const char* kReportHelp = R"(usage: weir-load report [--html FILE] [--text | --table] A.json [B.json...]

Shows JSON reports that weir-load wrote: of echo and connect, and at most one comparison and one
capacity. Without --html it prints the text report of each.

      --html FILE         one page with all of them, runs laid over each other; it needs nothing
                          from elsewhere. - is stdout
      --text              prints the text reports beside the page; with --html - to stderr
      --table             prints one row for each run in place of its whole report: rate, p50, p99,
                          what p50 has more than the first run's, wrong replies

examples:
  weir-load report --table direct.json proxy.json
  weir-load report --html run.html run.json
  weir-load report --html both.html before.json after.json

exit status: 0 shown, 1 could not read a report or not write the page, 2 bad usage
)";

std::function<Command()> declare_report(CLI::App& app) {
  const auto options = std::make_shared<ReportOptions>();
  app.add_option("FILE", options->files)->required();
  add_output(app, "--html", [options](const std::string& text) { options->html_file = text; });
  app.add_flag("--text", options->text);
  app.add_flag("--table", options->table);
  return [options]() -> Command {
    if (options->text && options->table) throw std::invalid_argument("--text and --table are two ways to say the same");
    check_outputs({{"--html", options->html_file}}, options->files);
    return *options;
  };
}

}  // namespace

const Verb kReportVerb{"report", kReportHelp, declare_report};

}  // namespace weir::load
