#include "client/command_line/faults_arguments.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "client/command_line/export_options.hpp"
#include "client/command_line/verb.hpp"

namespace weir::load {

namespace {

/// What of a load's options says something about connections that come one after another.
constexpr std::array<std::string_view, 13> kKept{
    "--help",          "TARGET",        "--expect-faults", "--faults-listener", "--faults-proxy",
    "--first-number",  "--connections", "--timeout",       "--source",          "--proxy-protocol",
    "--proxy-sources", "--json",        "--quiet"};

}  // namespace

void add_faults(CLI::App& app, const std::shared_ptr<FaultsOptions>& options) {
  add(app, "--expect-faults", [options](const std::string& text) {
    if (text.empty()) throw std::invalid_argument("needs a file, or - for stdin");
    options->file = text;
  });
  add(app, "--faults-listener", [options](const std::string& text) { options->listener = text; });
  add(app, "--first-number",
      [options](const std::string& text) { options->first_number = number(text, 1, kMostCounted); });
  app.add_flag_callback("--faults-proxy", [options] { options->path = FaultPath::proxy; });
}

bool asks_for_faults(const CLI::App& app) {
  if (is_given(app, "--expect-faults")) return true;
  for (const char* option : {"--faults-listener", "--first-number", "--faults-proxy"}) {
    if (is_given(app, option)) throw std::invalid_argument(std::string(option) + " needs --expect-faults FILE");
  }
  return false;
}

FaultsOptions faults_of(const CLI::App& app, FaultsOptions options, const LoadOptions& plan) {
  for (const CLI::Option* option : app.get_options()) {
    const std::string name = option->get_name();
    if (option->count() == 0 || std::find(kKept.begin(), kKept.end(), name) != kKept.end()) continue;
    throw std::invalid_argument(name +
                                " has no use with --expect-faults: connections come one after another, and send what "
                                "it takes to see the faults");
  }
  options.target = plan.target;
  options.connections = plan.connections;
  options.timeout = plan.timeout;
  options.source = plan.source;
  options.proxy_protocol = plan.proxy_protocol;
  options.proxy_sources = plan.proxy_sources;
  options.quiet = plan.quiet;
  options.json_file = plan.json_file;
  check_outputs({{"--json", plan.json_file}}, {options.file});
  return options;
}

}  // namespace weir::load
