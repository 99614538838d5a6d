#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "common/build_info.hpp"
#include "common/journal.hpp"
#include "server/admin/command.hpp"
#include "server/capacity_plan.hpp"
#include "server/command_line.hpp"
#include "server/config/config_files.hpp"
#include "server/config/config_loader.hpp"
#include "server/handed_over_warnings.hpp"
#include "server/log_files.hpp"
#include "server/running_daemon.hpp"
#include "server/server.hpp"
#include "server/tls_warnings.hpp"

namespace {

using namespace weir;

constexpr std::array<std::string_view, 9> kMadeOf{"Boost",   "c-ares",         "CLI11",  "fmt",     "libsystemd",
                                                  "OpenSSL", "prometheus-cpp", "spdlog", "yaml-cpp"};

enum Exit { kDone = 0, kFailed = 1, kBadUsage = 2 };

int print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return kDone;
  std::perror("weir: cannot write to stdout");
  return kFailed;
}

int complain(const std::string& text, int status) {
  const std::string lines = for_stderr(text.ends_with('\n') ? text : text + "\n", Priority::error);
  std::fputs(lines.c_str(), stderr);
  return status;
}

/// A pipe is read once.
void require_watchable(const std::string& file) {
  std::error_code unknown;
  const std::filesystem::file_status status = std::filesystem::status(file, unknown);
  if (!exists(status) || is_regular_file(status) || is_directory(status)) return;
  throw ConfigError(
      {{file, 0, 0, "", "is not a regular file, whose changes --watch could notice; write it to a file"}});
}

/// The file, then the environment, then the command line: the later ones win.
std::vector<Override> with_environment(const std::vector<Override>& overrides) {
  std::vector<Override> all = environment_overrides(environ);
  all.insert(all.end(), overrides.begin(), overrides.end());
  return all;
}

int execute(const Command& command, const upgrade::Program& program, upgrade::Predecessor* predecessor) {
  if (command.verb == Command::Verb::print) return print(command.text);
  if (command.verb == Command::Verb::version) return print(command.text + build_info(source_commit(), kMadeOf));
  if (command.verb == Command::Verb::healthcheck) {
    const std::string reason = command.target ? check_health(*command.target) : check_running_daemon();
    return reason.empty() ? kDone : complain("weir healthcheck: " + reason, kFailed);
  }
  if (command.verb == Command::Verb::admin) return admin::run_command(command.admin, kDefaultConfigFile);
  // A reload that is asked for before there is anything to reload is served by the start itself.
  if (command.verb == Command::Verb::run && command.config_text.empty()) std::signal(SIGHUP, SIG_IGN);
  const std::vector<Override> overrides = with_environment(command.overrides);
  const auto load_file = [&](std::vector<std::string>& named) {
    return load_config_file(command.config_file, overrides, &named);
  };
  std::optional<ConfigFiles> watched;
  if (command.watch) {
    require_watchable(command.config_file);
    watched.emplace(command.config_file);
  }
  const ServerConfig config = watched ? watched->load(load_file)
                              : command.config_text.empty()
                                  ? load_config_file(command.config_file, overrides)
                                  : load_config_text(command.config_text, command.config_file, overrides);
  if (command.verb == Command::Verb::config) return print(dump_config(config));
  if (command.verb == Command::Verb::run) {
    ServerSource source{"", nullptr, watched ? &*watched : nullptr, program, predecessor};
    if (command.config_text.empty()) {
      source.file = command.config_file;
      source.load = load_file;
    }
    return run_server(source, config);
  }
  if (command.diff) return admin::run_check_diff(command.admin, config, command.config_file);
  CapacityPlan plan = plan_capacity(config, read_machine_limits());
  for (std::string& warning : log_file_warnings(config)) plan.warnings.push_back(std::move(warning));
  for (std::string& warning : unchecked_socket_warnings(config)) plan.warnings.push_back(std::move(warning));
  for (std::string& warning : tls_warnings(config, std::chrono::system_clock::now())) {
    plan.warnings.push_back(std::move(warning));
  }
  return print(describe(plan) + command.config_file + ": ok\n");
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is an error of the write that hits it
  std::signal(SIGCHLD, SIG_DFL);  // whoever inherits it ignored never learns how a child ended (waitpid(2))
  std::optional<upgrade::Predecessor> predecessor;
  const auto fail = [&](const std::string& text, int status) {
    if (predecessor) predecessor->fail(text);
    return complain(text, status);
  };
  try {
    predecessor = upgrade::Predecessor::find();
    const upgrade::Program program = upgrade::Program::of(argc, argv);
    return execute(parse_command_line(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc)), program,
                   predecessor ? &*predecessor : nullptr);
  } catch (const UsageError& error) {
    return fail(error.what(), kBadUsage);
  } catch (const ConfigError& error) {
    return fail(error.what(), kBadUsage);
  } catch (const std::exception& error) {
    return fail(std::string("weir: ") + error.what(), kFailed);
  }
}
