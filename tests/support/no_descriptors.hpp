#pragma once

#include <fcntl.h>
#include <sys/resource.h>

#include <utility>
#include <vector>

#include "common/io/descriptor.hpp"

namespace weir::test {

/// Uses up every descriptor that this process may have; all but those below a lowered limit, so that it is quick.
class NoDescriptors {
 public:
  NoDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    taken_.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const rlimit few{static_cast<rlim_t>(taken_[0].get()) + 16, before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &few);
    for (;;) {
      io::Descriptor taken(::open("/dev/null", O_RDONLY | O_CLOEXEC));
      if (!taken) break;
      taken_.push_back(std::move(taken));
    }
  }
  ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;

 private:
  rlimit before_{};
  std::vector<io::Descriptor> taken_;
};

}  // namespace weir::test
