#pragma once

#include <algorithm>
#include <cstddef>

#include "tests/support/daemon.hpp"
#include "tests/support/wait_until.hpp"

namespace weir::test {

/// What a daemon has open before trouble, to be compared with what it has open afterwards. Pipes do not count: their
/// pool keeps them for the next stream.
class OpenSockets {
 public:
  explicit OpenSockets(const Daemon& daemon) : daemon_(daemon), before_(daemon.process().sockets()) {}

  /// How many more there are than at first. Waits, within the usual limit, until there are none.
  std::size_t left_over() const {
    std::size_t now = 0;
    wait_until([&] { return (now = daemon_.process().sockets()) <= before_; });
    return now - std::min(now, before_);
  }

 private:
  const Daemon& daemon_;
  std::size_t before_;
};

}  // namespace weir::test
