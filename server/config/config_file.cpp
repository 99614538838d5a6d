#include "server/config/config_file.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>

#include "common/io/descriptor.hpp"
#include "server/config/config_problem.hpp"

namespace weir {
namespace {

constexpr std::chrono::seconds kPatience{5};

[[noreturn]] void refuse(const std::string& path, const std::string& why) {
  throw ConfigError({{path, 0, 0, "", why}});
}

std::string reason(int error) { return std::system_category().message(error); }

/// Waits for a pipe's next bytes or its end. A writer may still be about to open a named pipe.
void wait_for_input(int fd, const std::string& path, std::chrono::steady_clock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) refuse(path, "is a pipe that did not end within 5s; write the configuration to a file");
    pollfd entry{fd, POLLIN, 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(left.count()));
    if (ready > 0) return;
    if (ready < 0 && errno != EINTR) refuse(path, "cannot be read: " + reason(errno));
  }
}

}  // namespace

std::string read_config_file(const std::string& path) {
  // Without O_NONBLOCK, opening a named pipe waits for a writer.
  const io::Descriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  if (file.get() < 0) {
    if (errno == ENOENT) refuse(path, "no such file; name one with -c FILE");
    refuse(path, "cannot be opened: " + reason(errno));
  }
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) refuse(path, "cannot be read: " + reason(errno));
  if (S_ISDIR(status.st_mode)) refuse(path, "is a directory; name a file in it");
  const bool pipe = S_ISFIFO(status.st_mode);
  if (!pipe && !S_ISREG(status.st_mode)) refuse(path, "is a device or a socket; name a file");

  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  std::string text;
  std::array<char, 16384> chunk;
  for (;;) {
    if (pipe) wait_for_input(file.get(), path, deadline);
    const ssize_t count = ::read(file.get(), chunk.data(), chunk.size());
    if (count == 0) return text;
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count < 0) refuse(path, "cannot be read: " + reason(errno));
    text.append(chunk.data(), static_cast<std::size_t>(count));
    if (text.size() > kLargestConfigFile) refuse(path, "is larger than 1 MiB, which no configuration needs");
  }
}

}  // namespace weir
