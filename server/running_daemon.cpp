#include "server/running_daemon.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
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

#include "common/endpoint.hpp"
#include "common/io/blocking_resolve.hpp"
#include "server/command_line.hpp"
#include "server/config/config_loader.hpp"
#include "server/control/healthcheck.hpp"
#include "server/listening_sockets.hpp"

namespace weir {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kResolvePatience{1};

struct Running {
  Command command;
  fs::path folder;  ///< the working directory, which relative names mean
  std::vector<Endpoint> listening;
};

/// Which network a process sees. What listens in another one cannot be asked from here.
fs::path network_of(const fs::path& process) {
  std::error_code hidden;
  return fs::read_symlink(process / "ns/net", hidden);
}

/// The process, if it serves in this network and is this user's; root may ask for everybody's. Who may not look at it
/// sees an empty command line.
std::optional<Running> serving(const fs::path& process) {
  struct stat owner{};
  if (::stat(process.c_str(), &owner) != 0 || (owner.st_uid != ::geteuid() && ::geteuid() != 0)) {
    return std::nullopt;
  }
  if (network_of(process) != network_of("/proc/self")) return std::nullopt;
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

/// Every address that the admin endpoint may have, as the configuration says now. None where it says none or one that
/// only the daemon knows (port 0, fd:NAME), and where it cannot be loaded.
std::vector<Endpoint> admin_of(const Running& running) try {
  const Command& command = running.command;
  std::vector<Override> overrides = environment_overrides(environ);
  overrides.insert(overrides.end(), command.overrides.begin(), command.overrides.end());
  const ServerConfig config = command.config_text.empty()
                                  ? load_config_file(running.folder / command.config_file, overrides)
                                  : load_config_text(command.config_text, command.config_file, overrides);
  if (!config.admin) return {};
  const Address& bind = config.admin->bind;
  if (bind.is_inet() && bind.host.empty()) return resolve(bind, AddressUse::bind);
  return io::resolve_until(bind, io::Clock::now() + kResolvePatience);
} catch (const std::exception&) {
  return {};
}

/// A listening socket's address as the kernel lists it: without the interface.
Endpoint as_listed(Endpoint endpoint) {
  if (endpoint.family() == AF_INET6) reinterpret_cast<sockaddr_in6*>(endpoint.data())->sin6_scope_id = 0;
  return endpoint;
}

/// What connects to a listening socket on this machine.
Address reachable(const Endpoint& listening) {
  Address address = parse_address(listening.to_string(), AddressUse::bind);
  if (address.is_inet() && address.host == "0.0.0.0") address.host = "127.0.0.1";
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
    for (const Endpoint& admin : admin_of(running)) {
      const auto& listening = running.listening;
      const bool open = std::find(listening.begin(), listening.end(), as_listed(admin)) != listening.end();
      if (open) return check_health({reachable(admin), "/readyz"});
    }
    return "";
  } catch (const std::exception& error) {
    return error.what();
  }
}

}  // namespace weir
