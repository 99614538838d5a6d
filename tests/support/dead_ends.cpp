#include "tests/support/dead_ends.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace weir::test {

RefusedPort::RefusedPort() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const Endpoint any = loopback(0);
  if (::bind(socket_.get(), any.data(), any.size()) != 0) {
    throw std::system_error(errno, std::generic_category(), "bind");
  }
}

TestListener RefusedPort::start_listening() {
  if (::listen(socket_.get(), 128) != 0) throw std::system_error(errno, std::generic_category(), "listen");
  return TestListener(std::move(socket_));
}

BlackHole::BlackHole() : listener_(loopback(0), 0) {
  for (int i = 0; i < 8; ++i) {
    io::Descriptor& filler = fillers_.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const Endpoint& target = listener_.endpoint();
    if (::connect(filler.get(), target.data(), target.size()) != 0 && errno != EINPROGRESS) {
      throw std::system_error(errno, std::generic_category(), "connect");
    }
    pollfd connected{filler.get(), POLLOUT, 0};
    if (::poll(&connected, 1, 100) == 0) return;  // this one was dropped, and so will be all that follow
  }
  throw std::runtime_error("the queue never fills");
}

}  // namespace weir::test
