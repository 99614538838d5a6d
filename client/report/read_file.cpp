#include "client/report/read_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "common/io/descriptor.hpp"

namespace weir::load {

std::string name_of_input(const std::string& file) { return file == "-" ? "stdin" : file; }

std::string read_file(const std::string& file) {
  const auto cannot = [&file] { throw std::runtime_error(name_of_input(file) + ": " + std::strerror(errno)); };
  const io::Descriptor opened(file == "-" ? -1 : ::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (file != "-" && !opened) cannot();
  const int fd = file == "-" ? STDIN_FILENO : opened.get();
  struct stat status{};
  std::string text;
  // Room for all of it at once: reports may be large, and growing would copy them.
  if (::fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) text.reserve(static_cast<std::size_t>(status.st_size) + 1);
  constexpr std::size_t kAtOnce = 1 << 20;
  for (std::size_t size = 0;;) {
    // What was made room for is filled to its last byte, before any growth.
    text.resize(std::min(size + kAtOnce, text.capacity() > size ? text.capacity() : size + kAtOnce / 16));
    const ssize_t got = ::read(fd, text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) cannot();
    size += static_cast<std::size_t>(got);
    if (got != 0) continue;
    text.resize(size);
    return text;
  }
}

}  // namespace weir::load
