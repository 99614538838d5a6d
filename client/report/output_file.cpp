#include "client/report/output_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace weir::load {

namespace {

[[noreturn]] void fail(const std::string& name, int error) {
  throw std::runtime_error("cannot write " + (name == "-" ? std::string("the report") : name) + ": " +
                           std::strerror(error));
}

}  // namespace

OutputFile::OutputFile(const std::string& name) : name_(name) {
  if (!is_wanted() || is_stdout()) return;
  file_ = io::Descriptor(::open(name.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
  if (!file_) fail(name, errno);
}

void OutputFile::write(std::string_view text) {
  const int fd = is_stdout() ? STDOUT_FILENO : file_.get();
  struct stat status{};
  // A pipe or a device has nothing to be cut.
  if (!is_stdout() && ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
      (::ftruncate(fd, 0) != 0 || ::lseek(fd, 0, SEEK_SET) != 0)) {
    fail(name_, errno);
  }
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(name_, errno);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace weir::load
