#include "common/secret_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "common/io/descriptor.hpp"
#include "common/printable.hpp"

namespace weir {
namespace {

constexpr std::size_t kLargest = 4096;

[[noreturn]] void refuse_file(const std::string& path, const std::string& why) {
  throw std::runtime_error(in_quotes(path) + " " + why);
}

[[noreturn]] void fail(const std::string& path, int error) {
  refuse_file(path, "cannot be read: " + std::generic_category().message(error));
}

std::string read_all(const std::string& path, int file) {
  std::array<char, kLargest + 1> buffer;
  std::size_t size = 0;
  while (size < buffer.size()) {
    const ssize_t got = ::read(file, buffer.data() + size, buffer.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(path, errno);
    if (got == 0) return {buffer.data(), size};
    size += static_cast<std::size_t>(got);
  }
  refuse_file(path, "is larger than 4 KiB; it must hold one line");
}

}  // namespace

std::string read_secret_file(const std::string& path) {
  const io::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status{};
  if (!file || ::fstat(file.get(), &status) != 0) fail(path, errno);
  if (!S_ISREG(status.st_mode)) refuse_file(path, "is no regular file");
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    refuse_file(path, "is open to its group or to others; run: chmod 600 " + path);
  }
  std::string secret = read_all(path, file.get());
  if (secret.ends_with('\n')) secret.pop_back();
  if (secret.ends_with('\r')) secret.pop_back();
  if (secret.empty()) refuse_file(path, "is empty; write a token into it, such as that of: openssl rand -hex 32");
  if (has_control(secret)) refuse_file(path, "holds more than one line, or a control character");
  return secret;
}

}  // namespace weir
