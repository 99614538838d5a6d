#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/fanotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <system_error>

#include "common/io/descriptor.hpp"
#include "tests/support/wait_until.hpp"

namespace weir::test {

/// A file that is there, but whoever opens it waits, as on a network file system whose server does not answer
/// (fanotify(7)). It lets go when it is destroyed. Not every machine lets a test hold files.
class HeldFile {
 public:
  explicit HeldFile(const std::string& path) : holder_(::fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY)) {
    if (!holder_ || ::fanotify_mark(holder_.get(), FAN_MARK_ADD, FAN_OPEN_PERM, AT_FDCWD, path.c_str()) != 0) {
      why_not_ = "this machine lets no test hold a file: " + std::generic_category().message(errno);
    }
  }

  bool usable() const { return why_not_.empty(); }
  const std::string& why_not() const { return why_not_; }

  /// Whether somebody came to open it, and waits.
  bool holds_somebody() {
    return wait_until([&] {
      pollfd entry{holder_.get(), POLLIN, 0};
      return ::poll(&entry, 1, 0) == 1;
    });
  }

  /// Whoever waits goes on.
  void let_go() { holder_.close(); }

 private:
  io::Descriptor holder_;
  std::string why_not_;
};

}  // namespace weir::test
