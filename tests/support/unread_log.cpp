#include "tests/support/unread_log.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <iterator>
#include <stdexcept>
#include <system_error>

#include "tests/support/wait_until.hpp"

namespace weir::test {
namespace {

constexpr char kFilling = '~';

int checked(int result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
  return result;
}

/// Changes a flag of the open file, which all who have it share.
void set_blocking(int fd, bool blocking) {
  const int flags = checked(::fcntl(fd, F_GETFL), "F_GETFL");
  checked(::fcntl(fd, F_SETFL, blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK), "F_SETFL");
}

}  // namespace

UnreadLog::UnreadLog(Kind kind) {
  std::array<int, 2> ends{};
  switch (kind) {
    case Kind::pipe:
      checked(::pipe2(ends.data(), O_CLOEXEC), "pipe2");
      reader_ = io::Descriptor(ends[0]);
      writer_ = io::Descriptor(ends[1]);
      break;
    case Kind::fifo:
      path_ = dir_.file("log.fifo");
      checked(::mkfifo(path_.c_str(), 0600), "mkfifo");
      reader_ = io::Descriptor(checked(::open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC), "open a FIFO"));
      writer_ = io::Descriptor(checked(::open(path_.c_str(), O_WRONLY | O_CLOEXEC), "open a FIFO"));
      break;
    case Kind::unix_socket:
      checked(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), "socketpair");
      reader_ = io::Descriptor(ends[0]);
      writer_ = io::Descriptor(ends[1]);
      break;
    case Kind::terminal:
      reader_ = io::Descriptor(checked(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), "posix_openpt"));
      checked(::grantpt(reader_.get()), "grantpt");
      checked(::unlockpt(reader_.get()), "unlockpt");
      path_ = ::ptsname(reader_.get());
      writer_ = io::Descriptor(checked(::open(path_.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC), "open a terminal"));
      break;
  }
  fill();
}

void UnreadLog::fill() {
  const std::string block(4096, kFilling);
  set_blocking(writer_.get(), false);
  // The kernel hands on what a terminal was given in its own time, which makes room again.
  pollfd room{writer_.get(), POLLOUT, 0};
  do {
    for (std::size_t size = block.size(); size > 0;) {
      if (::write(writer_.get(), block.data(), size) > 0) continue;
      if (errno != EAGAIN) throw std::system_error(errno, std::generic_category(), "write");
      size /= 2;
    }
  } while (::poll(&room, 1, 50) == 1);
  set_blocking(writer_.get(), true);
}

bool UnreadLog::read_once(int wait_ms) {
  pollfd wait{reader_.get(), POLLIN, 0};
  if (::poll(&wait, 1, wait_ms) != 1) return false;
  std::array<char, 65536> buffer;
  const ssize_t count = ::read(reader_.get(), buffer.data(), buffer.size());
  if (count <= 0) return false;
  std::copy_if(buffer.data(), buffer.data() + count, std::back_inserter(read_),
               [](char byte) { return byte != kFilling && byte != '\r'; });
  return true;
}

std::string UnreadLog::read_until(const std::function<bool(const std::string&)>& enough) {
  const bool came = wait_until([&] {
    read_once(20);
    return enough(read_);
  });
  if (!came) throw std::runtime_error("never came; read:\n" + read_);
  return read_;
}

std::string UnreadLog::read_now() {
  while (read_once(0)) {
  }
  return read_;
}

std::string to_string(UnreadLog::Kind kind) {
  constexpr std::array names{"Pipe", "Fifo", "UnixSocket", "Terminal"};
  return names.at(static_cast<std::size_t>(kind));
}

}  // namespace weir::test
