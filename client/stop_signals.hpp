#pragma once

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <system_error>

#include "common/io/descriptor.hpp"

namespace weir::load {

/// SIGINT and SIGTERM as events of a descriptor, and of nothing else: threads that are started afterwards leave them
/// alone. Main thread, before any other thread. Throws std::system_error where there is no descriptor.
class StopSignals {
 public:
  StopSignals() {
    sigset_t signals;
    ::sigemptyset(&signals);
    ::sigaddset(&signals, SIGINT);
    ::sigaddset(&signals, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    descriptor_ = io::Descriptor(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!descriptor_) throw std::system_error(errno, std::generic_category(), "signalfd");
  }

  /// Becomes readable when one has come.
  int fd() const { return descriptor_.get(); }
  /// How many came since this was last asked. Several of a kind may count as one (signal(7)).
  int take() const {
    int count = 0;
    signalfd_siginfo signal{};
    while (::read(descriptor_.get(), &signal, sizeof signal) == sizeof signal) ++count;
    return count;
  }

 private:
  io::Descriptor descriptor_;
};

}  // namespace weir::load
