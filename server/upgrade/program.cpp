#include "server/upgrade/program.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sstream>
#include <string_view>
#include <system_error>

namespace weir::upgrade {

namespace {

constexpr const char* kVariable = "WEIR_UPGRADE_FD";

std::string absolute(const std::string& path) {
  std::error_code error;
  const std::filesystem::path made = std::filesystem::absolute(path, error);
  return error ? path : made.string();
}

std::string find_in_path(const std::string& name) {
  const char* const path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "/usr/local/bin:/usr/bin:/bin" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    std::string candidate = (folder.empty() ? "." : folder) + "/" + name;
    std::error_code error;
    const bool is_file = std::filesystem::is_regular_file(candidate, error);  // folders may be "executed", too
    if (is_file && ::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return "";
}

/// Where the kernel says that this program stands, which may be something else after a link was followed.
std::string running_program() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).string();
}

/// What the service manager said to this process alone (sd_listen_fds(3), sd_watchdog_enabled(3)).
bool is_inherited(std::string_view variable) {
  for (const std::string_view name : {"LISTEN_PID=", "LISTEN_FDS=", "LISTEN_FDNAMES=", "WATCHDOG_PID="}) {
    if (variable.starts_with(name)) return false;
  }
  return !variable.starts_with(std::string(kVariable) + "=");
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

/// posix_spawn(3)'s settings, which need to be destroyed.
struct Settings {
  Settings() {
    ::posix_spawnattr_init(&attributes);
    ::posix_spawn_file_actions_init(&actions);
  }
  Settings(const Settings&) = delete;
  Settings& operator=(const Settings&) = delete;
  ~Settings() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
  posix_spawnattr_t attributes{};
  posix_spawn_file_actions_t actions{};
};

}  // namespace

Program Program::of(int argc, char** argv) {
  Program program;
  program.arguments.assign(argv, argv + argc);
  const std::string name = argc > 0 ? argv[0] : "";
  const std::string found = name.find('/') == std::string::npos ? find_in_path(name) : name;
  program.path = name.empty() || found.empty() ? running_program() : absolute(found);
  return program;
}

pid_t Program::start(int channel) const {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (is_inherited(*variable)) variables.emplace_back(*variable);
  }
  variables.push_back(std::string(kVariable) + "=" + std::to_string(channel));
  std::vector<std::string> words = arguments;

  Settings settings;
  sigset_t none;
  ::sigemptyset(&none);
  ::posix_spawnattr_setsigmask(&settings.attributes, &none);
  sigset_t steering;
  ::sigemptyset(&steering);
  for (const int signal : {SIGPIPE, SIGHUP, SIGTERM, SIGINT, SIGUSR1, SIGUSR2}) ::sigaddset(&steering, signal);
  ::posix_spawnattr_setsigdefault(&settings.attributes, &steering);
  ::posix_spawnattr_setflags(&settings.attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  // To itself, which clears FD_CLOEXEC in the new process alone (posix_spawn_file_actions_adddup2(3)).
  ::posix_spawn_file_actions_adddup2(&settings.actions, channel, channel);

  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, path.c_str(), &settings.actions, &settings.attributes, pointers(words).data(),
                                  pointers(variables).data());
  if (error != 0) throw std::system_error(error, std::generic_category(), "cannot start " + path);
  return pid;
}

io::Descriptor Program::take_channel() {
  const char* const value = std::getenv(kVariable);
  if (value == nullptr) return {};
  int fd = -1;
  const char* const end = value + std::strlen(value);
  const auto [rest, error] = std::from_chars(value, end, fd);
  const bool is_number = error == std::errc() && rest == end && fd > STDERR_FILENO;
  ::unsetenv(kVariable);
  if (!is_number || ::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) return {};
  return io::Descriptor(fd);
}

}  // namespace weir::upgrade
