#include <glob.h>

#include <memory>

#include "client/command_line/ab_options.hpp"
#include "client/command_line/export_options.hpp"
#include "client/command_line/verb.hpp"
#include "common/printable.hpp"

namespace weir::load {

namespace {

constexpr const char* kCompareHelp = R"(usage: weir-load compare [OPTIONS] A.json B.json
       weir-load compare [OPTIONS] --before FILES --after FILES

Says how B differs from A, for each percentile and the rate, with intervals that hold for all of
them at once, and whether that is chance. Runs of another shape or machine, and runs that their
generator limited, are said to be so. The more runs of each side, the more it can see: from 2 on
each side, what changes from run to run is part of the intervals, which from 4 on get narrow.

      --before FILES, --after FILES
                          reports of many runs; a pattern in quotes will do: 'a*.json'
      --smallest-effect PERCENT
                          a change that matters (5%)
      --max-regression LIST
                          by how much B may be worse: p99=10%,p50=200us,rate=5%; errors=0.1% of its
                          requests that fail more than A's; wrong=0 more wrong replies. The exit
                          status is 3 where it is worse by more and that is not chance, and 1 where
                          the runs cannot be compared
      --anyway            judge the limits even then
      --json FILE         the comparison for machines; - is stdout, and then the text goes to stderr
      --html FILE         the comparison as a page, with both distributions laid over each other

examples:
  weir-load compare monday.json tuesday.json
  weir-load compare --before 'old*.json' --after 'new*.json' --max-regression p99=10%,rate=5%

exit status: 0 fine, 1 could not read the reports or not judge the limits, 2 bad usage, 3 a limit
             was exceeded, 4 a reply was wrong in one of the runs
)";

/// Files of a pattern; a name without one stands for itself, even if there is no such file.
void add_files(std::vector<std::string>& files, const std::string& pattern) {
  glob_t found{};
  const int status = ::glob(pattern.c_str(), GLOB_NOCHECK, nullptr, &found);
  if (status != 0) throw CLI::ValidationError("FILES", "cannot look for " + in_quotes(pattern));
  for (std::size_t i = 0; i < found.gl_pathc; ++i) files.emplace_back(found.gl_pathv[i]);
  ::globfree(&found);
}

CLI::Option* add_patterns(CLI::App& app, const char* name, std::vector<std::string>& files) {
  return app.add_option_function<std::vector<std::string>>(name, [&files](const std::vector<std::string>& patterns) {
    for (const std::string& pattern : patterns) add_files(files, pattern);
  });
}

std::function<Command()> declare_compare(CLI::App& app) {
  const auto options = std::make_shared<CompareOptions>();
  const auto pair = std::make_shared<std::vector<std::string>>();
  app.add_option("FILE", *pair);
  add_patterns(app, "--before", options->before);
  add_patterns(app, "--after", options->after);
  add_compare_settings(app, [options]() -> CompareSettings& { return options->settings; });
  add_output(app, "--json", [options](const std::string& text) { options->json_file = text; });
  add_output(app, "--html", [options](const std::string& text) { options->html_file = text; });
  return [options, pair]() -> Command {
    const bool many = !options->before.empty() || !options->after.empty();
    if (many && (options->before.empty() || options->after.empty())) {
      throw std::invalid_argument("--before and --after go together");
    }
    if (many && !pair->empty()) {
      throw std::invalid_argument("has reports of both sides by --before and --after, so " + in_quotes(pair->front()) +
                                  " has no side");
    }
    if (!many) {
      if (pair->size() != 2) {
        throw std::invalid_argument("needs two reports, A.json and B.json; for more: --before FILES --after FILES");
      }
      options->before = {pair->front()};
      options->after = {pair->back()};
    }
    if (options->settings.anyway && options->settings.limits.empty()) {
      throw std::invalid_argument("--anyway needs --max-regression");
    }
    std::vector<std::string> read = options->before;
    read.insert(read.end(), options->after.begin(), options->after.end());
    check_outputs({{"--json", options->json_file}, {"--html", options->html_file}}, read);
    return *options;
  };
}

}  // namespace

const Verb kCompareVerb{"compare", kCompareHelp, declare_compare};

}  // namespace weir::load
