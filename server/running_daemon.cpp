#include "server/running_daemon.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string_view>
#include <system_error>
#include <vector>

#include "server/command_line.hpp"
#include "server/config/config_loader.hpp"
#include "server/control/healthcheck.hpp"

namespace weir {
namespace {

namespace fs = std::filesystem;

struct Running {
  Command command;
  fs::path folder;  ///< the working directory, which relative names mean
};

/// The command line of a process that serves, or nothing. Who may not look at it sees an empty one.
std::optional<Running> serving(const fs::path& process) {
  std::ifstream in(process / "cmdline", std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  std::vector<std::string> arguments;
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, '\0');) arguments.push_back(word);
  if (arguments.size() < 2 || fs::path(arguments[0]).filename() != "weir") return std::nullopt;
  arguments.erase(arguments.begin());
  try {
    Running running{parse_command_line(arguments), {}};
    if (running.command.verb != Command::Verb::run) return std::nullopt;
    std::error_code hidden;
    running.folder = fs::read_symlink(process / "cwd", hidden);
    return running;
  } catch (const UsageError&) {
    return std::nullopt;
  }
}

std::optional<Running> find_daemon() {
  std::vector<int> processes;
  std::error_code error;
  for (fs::directory_iterator entry("/proc", error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename();
    int process = 0;
    const auto [rest, wrong] = std::from_chars(name.data(), name.data() + name.size(), process);
    if (wrong == std::errc{} && rest == name.data() + name.size()) processes.push_back(process);
  }
  std::sort(processes.begin(), processes.end());
  for (const int process : processes) {
    if (auto running = serving(fs::path("/proc") / std::to_string(process))) return running;
  }
  return std::nullopt;
}

ServerConfig config_of(const Running& running) {
  const Command& command = running.command;
  std::vector<Override> overrides = environment_overrides(environ);
  overrides.insert(overrides.end(), command.overrides.begin(), command.overrides.end());
  if (!command.config_text.empty()) return load_config_text(command.config_text, command.config_file, overrides);
  return load_config_file(running.folder / command.config_file, overrides);
}

/// The same address for whoever is on this machine.
Address reachable(Address address) {
  if (address.is_inet() && (address.host.empty() || address.host == "0.0.0.0")) address.host = "127.0.0.1";
  if (address.is_inet() && address.host == "::") address.host = "::1";
  return address;
}

/// proc_net(5): a state of 0A is LISTEN, and a local address ends in the port as four hexadecimal digits.
bool listens_on_port(const fs::path& table, std::uint16_t port) {
  std::ifstream in(table);
  const std::string ending = fmt::format(":{:04X}", port);
  std::string line;
  while (std::getline(in, line)) {
    std::istringstream fields(line);
    std::string slot;
    std::string local;
    std::string remote;
    std::string state;
    if (fields >> slot >> local >> remote >> state && state == "0A" && local.ends_with(ending)) return true;
  }
  return false;
}

/// unix(7) in /proc/net/unix: the flags of a socket that listens are __SO_ACCEPTCON, and its path is the last field.
bool listens_on_name(const fs::path& table, const std::string& name) {
  std::ifstream in(table);
  std::string line;
  while (std::getline(in, line)) {
    std::istringstream fields(line);
    std::string skipped;
    std::string flags;
    std::string path;
    fields >> skipped >> skipped >> skipped >> flags >> skipped >> skipped >> skipped >> std::ws;
    if (std::getline(fields, path) && flags == "00010000" && path == name) return true;
  }
  return false;
}

bool listens(const fs::path& tables, const Address& address) {
  if (address.is_unix()) {
    const bool named = address.kind == Address::Kind::unix_path;
    return listens_on_name(tables / "unix", named ? address.host : "@" + address.host);
  }
  return listens_on_port(tables / "tcp", address.port) || listens_on_port(tables / "tcp6", address.port);
}

}  // namespace

std::string check_listening(const ServerConfig& config, const fs::path& root) {
  const fs::path tables = root / "proc/net";
  for (const ListenerConfig& listener : config.listeners) {
    for (const Address& address : listener.bind) {
      // The kernel has chosen the one, and the service manager the other.
      if (address.is_descriptor() || (address.is_inet() && address.port == 0)) continue;
      return listens(tables, address)
                 ? ""
                 : fmt::format("nobody listens on {}, the first address served", address.to_string());
    }
  }
  return "no listener has an address that the configuration says; name a TARGET, or have an admin endpoint";
}

std::string check_running_daemon() {
  try {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread
    const char* named = std::getenv("WEIR_HEALTH");
    if (named != nullptr && *named != '\0') return check_health(parse_health_target(named));
    const std::optional<Running> running = find_daemon();
    if (!running) return "no weir serves here; name a TARGET";
    const ServerConfig config = config_of(*running);
    if (config.admin && config.admin->bind.is_inet() && config.admin->bind.port != 0) {
      return check_health({reachable(config.admin->bind), "/readyz"});
    }
    return check_listening(config);
  } catch (const std::exception& error) {
    return error.what();
  }
}

}  // namespace weir
