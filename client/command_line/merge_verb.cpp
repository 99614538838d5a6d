#include <memory>

#include "client/command_line/export_options.hpp"
#include "client/command_line/verb.hpp"

namespace weir::load {

namespace {

constexpr const char* kMergeHelp = R"(usage: weir-load merge [OPTIONS] FILE...

Makes one report of several generators' that loaded the same service at the same time (see
--start-at): histograms and counts add up without loss, the time series are laid over each other by
the wall clock. The exit status is the one that a single run with that result would have.

FILE is a JSON report, or a log with one on each of some lines; - is stdin. Other lines are skipped,
but a report that is cut off is an error.

      --json FILE         the merged report for machines; - is stdout, and then the report for
                          people goes to stderr
      --csv FILE          the merged time series as comma-separated values; - as with --json
      --hgrm FILE         the percentile distribution as HdrHistogram's plotter reads it; - likewise

examples:
  weir-load echo -R 50k --start-at 12:00:00 --json a.json 10.0.0.7:7000    on each machine
  weir-load merge a.json b.json
  kubectl logs --tail=-1 -l batch.kubernetes.io/job-name=weir-load | weir-load merge -

exit status: 0 fine, 1 could not read the reports or more failed than --max-errors, 2 bad usage,
             3 an SLO was not met, 4 a reply was wrong
)";

std::function<Command()> declare_merge(CLI::App& app) {
  const auto options = std::make_shared<MergeOptions>();
  app.add_option("FILE", options->files)->required();
  add_output(app, "--json", [options](const std::string& text) { options->json_file = text; });
  add_exports(app, options->exports);
  return [options]() -> Command {
    check_outputs({{"--json", options->json_file}, {"--csv", options->exports.csv}, {"--hgrm", options->exports.hgrm}},
                  options->files);
    return *options;
  };
}

}  // namespace

const Verb kMergeVerb{"merge", kMergeHelp, declare_merge};

}  // namespace weir::load
