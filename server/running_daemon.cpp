#include "server/running_daemon.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "server/command_line.hpp"
#include "server/config/config_loader.hpp"
#include "server/control/healthcheck.hpp"
#include "server/listening_sockets.hpp"

namespace weir {
namespace {

namespace fs = std::filesystem;

struct Running {
  Command command;
  fs::path folder;  ///< the working directory, which relative names mean
  ListeningSockets listening;
};

/// The process, if it serves and is this user's; root may ask for everybody's. Who may not look at it sees an empty
/// command line.
std::optional<Running> serving(const fs::path& process) {
  struct stat owner{};
  if (::stat(process.c_str(), &owner) != 0 || (owner.st_uid != ::geteuid() && ::geteuid() != 0)) {
    return std::nullopt;
  }
  std::ifstream in(process / "cmdline", std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  std::vector<std::string> arguments;
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, '\0');) arguments.push_back(word);
  if (arguments.size() < 2 || fs::path(arguments[0]).filename() != "weir") return std::nullopt;
  arguments.erase(arguments.begin());
  try {
    Running running{parse_command_line(arguments), {}, {}};
    if (running.command.verb != Command::Verb::run) return std::nullopt;
    std::error_code hidden;
    running.folder = fs::read_symlink(process / "cwd", hidden);
    running.listening = listening_sockets_of(process);
    return running;
  } catch (const UsageError&) {
    return std::nullopt;
  } catch (const std::system_error&) {
    return std::nullopt;  // it has gone, or hides
  }
}

/// Of an upgrade the old process drains and listens no more. Throws std::runtime_error where there is none that
/// listens, or nobody knows which is meant.
Running find_daemon() {
  std::vector<Running> listening;
  bool any = false;
  std::error_code error;
  for (fs::directory_iterator entry("/proc", error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::optional<Running> running = serving(entry->path());
    if (!running) continue;
    any = true;
    if (running->listening.empty()) continue;
    if (name == "1") return *std::move(running);
    listening.push_back(*std::move(running));
  }
  if (!any) throw std::runtime_error("no weir serves here; name a TARGET");
  if (listening.empty()) throw std::runtime_error("the weir that runs here listens nowhere: it starts or drains");
  if (listening.size() > 1) {
    throw std::runtime_error(fmt::format("{} weirs serve here; name a TARGET", listening.size()));
  }
  return std::move(listening.front());
}

/// Where the admin endpoint is, as the configuration says now. Nothing where it says none, or cannot be loaded.
std::optional<Address> admin_of(const Running& running) try {
  const Command& command = running.command;
  std::vector<Override> overrides = environment_overrides(environ);
  overrides.insert(overrides.end(), command.overrides.begin(), command.overrides.end());
  const ServerConfig config = command.config_text.empty()
                                  ? load_config_file(running.folder / command.config_file, overrides)
                                  : load_config_text(command.config_text, command.config_file, overrides);
  if (config.admin && config.admin->bind.is_inet()) return config.admin->bind;
  return std::nullopt;
} catch (const ConfigError&) {
  return std::nullopt;
}

/// The same address for whoever is on this machine.
Address reachable(Address address) {
  if (address.is_inet() && (address.host.empty() || address.host == "0.0.0.0")) address.host = "127.0.0.1";
  if (address.is_inet() && address.host == "::") address.host = "::1";
  return address;
}

}  // namespace

std::string check_running_daemon() {
  try {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread
    const char* named = std::getenv("WEIR_HEALTH");
    if (named != nullptr && *named != '\0') return check_health(parse_health_target(named));
    const Running running = find_daemon();
    const std::optional<Address> admin = admin_of(running);
    if (admin && running.listening.ports.contains(admin->port)) return check_health({reachable(*admin), "/readyz"});
    return "";
  } catch (const std::exception& error) {
    return error.what();
  }
}

}  // namespace weir
