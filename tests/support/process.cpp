#include "tests/support/process.hpp"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <regex>
#include <stdexcept>
#include <system_error>

#include "tests/support/checkout.hpp"

namespace weir::test {
namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

struct Pipe {
  Pipe() {
    int fds[2];
    if (::pipe2(fds, O_CLOEXEC) != 0) fail("pipe2");
    read = io::Descriptor(fds[0]);
    write = io::Descriptor(fds[1]);
  }
  io::Descriptor read;
  io::Descriptor write;
};

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

std::vector<std::string> environment_with(std::map<std::string, std::string> added) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (!added.contains(text.substr(0, text.find('=')))) result.push_back(text);
  }
  for (const auto& [name, value] : added) result.push_back(name + "=" + value);
  return result;
}

constexpr int kFirstHandedOver = 3;
/// Room for the number, which only the child knows.
constexpr const char* kListenPid = "LISTEN_PID=          ";

void add_handed_over(std::map<std::string, std::string>& environment, const Process::Options& options) {
  if (options.sockets.empty()) return;
  std::string names;
  for (const auto& [name, socket] : options.sockets) names += (names.empty() ? "" : ":") + name;
  environment["LISTEN_FDS"] = std::to_string(options.sockets.size());
  environment["LISTEN_FDNAMES"] = names;
}

/// Between fork and exec, as what follows.
void write_listen_pid(char* const* environment) {
  constexpr std::size_t kKey = 11;
  for (; *environment != nullptr; ++environment) {
    if (std::strncmp(*environment, kListenPid, kKey) != 0) continue;
    char digits[20];
    int count = 0;
    for (pid_t pid = ::getpid(); pid > 0; pid /= 10) digits[count++] = static_cast<char>('0' + pid % 10);
    char* out = *environment + kKey;
    while (count > 0) *out++ = digits[--count];
    *out = '\0';
  }
}

/// First out of the way of each other, then to where they belong.
void hand_over(const std::vector<std::pair<std::string, int>>& sockets) {
  constexpr int kAside = 200;
  int place = 0;
  for (const auto& [name, socket] : sockets) ::dup2(socket, kAside + place++);
  for (int i = 0; i < place; ++i) ::dup2(kAside + i, kFirstHandedOver + i);
  for (int i = 0; i < place; ++i) ::close(kAside + i);
}

/// Between fork and exec: only what signal-safety(7) allows.
[[noreturn]] void become(const char* path, char* const* arguments, char* const* environment,
                         const Process::Options& options, int out, int err, pid_t parent) {
  ::setpgid(0, 0);
  const int null = ::open("/dev/null", O_RDONLY);
  ::dup2(null, 0);
  ::close(null);
  ::dup2(out, 1);
  ::dup2(err, 2);
  if (!options.sockets.empty()) {
    hand_over(options.sockets);
    write_listen_pid(environment);
  }
  if (options.descriptors) {
    const rlimit limit{*options.descriptors, *options.descriptors};
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
  if (options.network != nullptr && !options.network->enter()) ::_exit(126);
  // Another user may not be allowed into the folder where the program stands, such as root's home.
  const int program = options.user ? ::open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (options.user && (::setgroups(0, nullptr) != 0 || ::setgid(*options.user) != 0 || ::setuid(*options.user) != 0)) {
    ::_exit(126);
  }
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(126);
  if (program >= 0) ::fexecve(program, arguments, environment);
  ::execve(path, arguments, environment);
  ::_exit(127);
}

}  // namespace

Process::Process(const std::string& program, std::vector<std::string> arguments)
    : Process(program, std::move(arguments), Options()) {}

Process::Process(const std::string& program, std::vector<std::string> arguments, const Options& options)
    : has_successors_(options.has_successors) {
  const bool built = program.find('/') == std::string::npos && options.path.empty();
  const std::string path = !options.path.empty() ? options.path : built ? built_program(program) : program;
  if (!std::filesystem::exists(path)) throw std::runtime_error(path + " is not built");
  arguments.insert(arguments.begin(), path);
  std::map<std::string, std::string> added = options.environment;
  add_handed_over(added, options);
  std::vector<std::string> environment = environment_with(std::move(added));
  if (!options.sockets.empty()) environment.emplace_back(kListenPid);
  const std::vector<char*> argv = pointers(arguments);
  const std::vector<char*> envp = pointers(environment);
  Pipe out;
  Pipe err;
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) fail("fork");
  if (pid_ == 0) {
    const int error = options.error.value_or(err.write.get());
    become(path.c_str(), argv.data(), envp.data(), options, out.write.get(), error, parent);
  }
  pidfd_ = io::Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  reader_ = std::thread([this, from_out = std::move(out.read), from_err = std::move(err.read)] {
    read_output(from_out.get(), from_err.get());
  });
}

Process::~Process() {
  // All that it started are of its group, whose number nobody else can get while one of them is there.
  if (has_successors_) ::kill(-pid_, SIGKILL);
  if (!exit_) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  reader_.join();
}

void Process::read_output(int out, int err) {
  std::array<pollfd, 2> waits{{{out, POLLIN, 0}, {err, POLLIN, 0}}};
  std::array<char, 65536> buffer;
  while (waits[0].fd >= 0 || waits[1].fd >= 0) {
    if (::poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR) break;
    for (std::size_t i = 0; i < waits.size(); ++i) {
      if (waits[i].fd < 0 || waits[i].revents == 0) continue;
      const ssize_t count = ::read(waits[i].fd, buffer.data(), buffer.size());
      if (count <= 0) {
        waits[i].fd = -1;
        continue;
      }
      const std::lock_guard lock(mutex_);
      (i == 0 ? out_ : err_).append(buffer.data(), static_cast<std::size_t>(count));
      changed_.notify_all();
    }
  }
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

bool Process::running() {
  if (exit_) return false;
  pollfd wait{pidfd_.get(), POLLIN, 0};
  return ::poll(&wait, 1, 0) == 0;
}

void Process::signal(int number) const {
  if (exit_) throw std::runtime_error("signal to a program that has ended");
  if (::kill(pid_, number) != 0) fail("kill");
}

bool Process::stopped() const {
  for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(pid_) + "/task")) {
    std::ifstream status(task.path() / "stat");
    std::string text;
    std::getline(status, text);
    if (text.find(") T ") == std::string::npos) return false;
  }
  return true;
}

int Process::wait_exit(std::chrono::milliseconds bound) {
  if (exit_) return *exit_;
  pollfd wait{pidfd_.get(), POLLIN, 0};
  if (::poll(&wait, 1, static_cast<int>(bound.count())) != 1) {
    throw std::runtime_error("program still runs; stderr:\n" + err());
  }
  int status = 0;
  if (::waitpid(pid_, &status, 0) != pid_) fail("waitpid");
  exit_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  if (has_successors_) return *exit_;  // who hold its output open
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, kHang, [this] { return closed_; });
  return *exit_;
}

std::string Process::out() const {
  const std::lock_guard lock(mutex_);
  return out_;
}

std::string Process::err() const {
  const std::lock_guard lock(mutex_);
  return err_;
}

std::string Process::wait_for_error_line(const std::string& expression, std::chrono::milliseconds bound) {
  return wait_for_line(err_, expression, bound);
}

std::string Process::wait_for_output_line(const std::string& expression, std::chrono::milliseconds bound) {
  return wait_for_line(out_, expression, bound);
}

std::string Process::wait_for_line(const std::string& text, const std::string& expression,
                                   std::chrono::milliseconds bound) {
  const std::regex pattern(expression);
  std::string found;
  std::size_t from = 0;
  std::unique_lock lock(mutex_);
  const bool seen = changed_.wait_for(lock, bound, [&] {
    for (std::size_t end; found.empty() && (end = text.find('\n', from)) != std::string::npos; from = end + 1) {
      const std::string line = text.substr(from, end - from);
      if (std::regex_search(line, pattern)) found = line;
    }
    return !found.empty() || closed_;
  });
  if (found.empty()) {
    throw std::runtime_error("no line with \"" + expression + "\" " + (seen ? "before the program ended" : "in time") +
                             "; stdout:\n" + out_ + "stderr:\n" + err_);
  }
  return found;
}

std::size_t Process::resident() const {
  std::ifstream statm("/proc/" + std::to_string(pid_) + "/statm");
  std::size_t total = 0;
  std::size_t pages = 0;
  statm >> total >> pages;
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

std::size_t Process::descriptors() const {
  const std::filesystem::directory_iterator open("/proc/" + std::to_string(pid_) + "/fd");
  return static_cast<std::size_t>(std::distance(begin(open), end(open)));
}

std::size_t Process::sockets() const {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(pid_) + "/fd")) {
    std::error_code closed_meanwhile;
    if (std::filesystem::read_symlink(entry, closed_meanwhile).string().starts_with("socket:")) ++count;
  }
  return count;
}

Finished run(const std::string& program, std::vector<std::string> arguments, const Process::Options& options) {
  Process process(program, std::move(arguments), options);
  const int exit = process.wait_exit();
  return {exit, process.out(), process.err()};
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t from = 0;
  for (std::size_t end; (end = text.find('\n', from)) != std::string::npos; from = end + 1) {
    lines.push_back(text.substr(from, end - from));
  }
  if (from < text.size()) lines.push_back(text.substr(from));
  return lines;
}

}  // namespace weir::test
