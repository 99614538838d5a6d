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

FullUnixQueue::FullUnixQueue(const std::string& path) : listener_(Endpoint::unix_path(path), 0) {
  const Endpoint& target = listener_.endpoint();
  for (int i = 0; i < 8; ++i) {
    io::Descriptor filler(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (::connect(filler.get(), target.data(), target.size()) == 0) {
      fillers_.emplace_back(std::move(filler));
    } else if (errno == EAGAIN) {
      return;
    } else {
      throw std::system_error(errno, std::generic_category(), "connect");
    }
  }
  throw std::runtime_error("the queue never fills");
}

TestListener& FullUnixQueue::make_room() {
  for (Peer& filler : fillers_) {
    listener_.accept();
    filler.close();
  }
  fillers_.clear();
  return listener_;
}

}  // namespace weir::test
