#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

#include "common/io/descriptor.hpp"

namespace weir::load {

/// Wakes the main thread when a worker has news. Any thread.
class Notifier {
 public:
  Notifier() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (!event_) throw std::system_error(errno, std::generic_category(), "eventfd");
  }

  void ring() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(event_.get(), &one, sizeof one);
  }
  void clear() const {
    std::uint64_t rings = 0;
    [[maybe_unused]] const ssize_t read = ::read(event_.get(), &rings, sizeof rings);
  }
  int fd() const { return event_.get(); }

 private:
  io::Descriptor event_;
};

}  // namespace weir::load
