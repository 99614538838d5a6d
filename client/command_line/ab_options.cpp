#include "client/command_line/ab_options.hpp"

#include <algorithm>

#include "client/command_line/export_options.hpp"
#include "client/command_line/verb.hpp"
#include "client/slo.hpp"
#include "common/printable.hpp"

namespace weir::load {

namespace {

constexpr std::int64_t kMostPid = 1 << 22;

/// What loads in turns can't have, of the options of a load on one target.
void check_steps(const CLI::App& app) {
  for (const char* option :
       {"--processes", "--start-at", "--requests", "--interval", "--csv", "--hgrm", "--prometheus"}) {
    if (is_given(app, option)) {
      throw std::invalid_argument(std::string(option) + " has no use here: the load is made in several steps");
    }
  }
}

/// The parser would leave out what stands between two commas in silence.
void add_pids(const std::string& text, std::vector<std::int64_t>& pids) {
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    const std::string one = text.substr(at, end - at);
    if (one.empty()) throw std::invalid_argument("is a list such as 12,13, not " + in_quotes(text));
    pids.push_back(static_cast<std::int64_t>(number(one, 1, kMostPid)));
    at = end + 1;
  }
}

}  // namespace

void add_compare_settings(CLI::App& app, const std::function<CompareSettings&()>& settings) {
  add(app, "--smallest-effect",
      [settings](const std::string& text) { settings().smallest_effect = parse_percent(text); });
  add(app, "--max-regression",
      [settings](const std::string& text) { settings().limits = parse_regression_limits(text); });
  app.add_flag_callback("--anyway", [settings] { settings().anyway = true; });
}

void add_ab_options(CLI::App& app, const std::shared_ptr<AbOptions>& options) {
  add_compare_settings(app, [options]() -> CompareSettings& { return options->settings; });
  add(app, "--block", [options](const std::string& text) {
    options->block = positive_duration(text);
    if (*options->block < std::chrono::milliseconds(100)) throw std::invalid_argument("is 100ms at least");
  });
  // Repeated, or with commas between.
  app.add_option_function<std::vector<std::string>>("--pid",
                                                    [options](const std::vector<std::string>& texts) {
                                                      try {
                                                        for (const std::string& text : texts)
                                                          add_pids(text, options->pids);
                                                      } catch (const std::invalid_argument& error) {
                                                        throw CLI::ValidationError("--pid", error.what());
                                                      }
                                                    })
      ->allow_extra_args(false);
}

AbOptions ab_of(const CLI::App& app, AbOptions options, const LoadOptions& plan) {
  check_steps(app);
  if (!plan.slo.empty()) {
    throw std::invalid_argument("--slo is for a load on one target; see --max-regression");
  }
  options.plan = plan;
  check_outputs({{"--json", plan.json_file}, {"--html", plan.html_file}});
  if (!options.plan.duration) options.plan.duration = AbOptions::kDefaultDuration;
  const auto block = options.block.value_or(LoadOptions::Duration(0));
  if (block * 2 * static_cast<int>(kLeastBlocks) > *options.plan.duration) {
    throw std::invalid_argument("--block: the duration has less than " + std::to_string(kLeastBlocks) +
                                " blocks of each side");
  }
  return options;
}

void check_ab_is_absent(const CLI::App& app) {
  for (const char* option : {"--block", "--pid", "--smallest-effect", "--max-regression", "--anyway"}) {
    if (is_given(app, option)) {
      throw std::invalid_argument(std::string(option) + " needs --via PROXY and --direct TARGET");
    }
  }
}

}  // namespace weir::load
