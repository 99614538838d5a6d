#include "tests/support/fake_backend.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace weir::test {
namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

bool wait_readable(int fd, std::chrono::milliseconds bound) {
  pollfd wait{fd, POLLIN, 0};
  return ::poll(&wait, 1, static_cast<int>(bound.count())) == 1;
}

Leave echo(Peer& client) {
  for (;;) {
    std::string bytes(64 * 1024, '\0');
    const ssize_t count = ::recv(client.fd(), bytes.data(), bytes.size(), 0);
    if (count <= 0) return Leave::close;
    client.send_all({bytes.data(), static_cast<std::size_t>(count)});
  }
}

}  // namespace

TestListener::TestListener(const Endpoint& bind, int backlog, int receive_buffer)
    : socket_(::socket(bind.family(), SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (!socket_) fail("socket");
  if (receive_buffer > 0) ::setsockopt(fd(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
  if (::bind(fd(), bind.data(), bind.size()) != 0) fail("bind");
  if (::listen(fd(), backlog) != 0) fail("listen");
  endpoint_ = bind.is_unix() ? bind : local_endpoint(fd());
}

TestListener::TestListener(io::Descriptor listening)
    : socket_(std::move(listening)), endpoint_(local_endpoint(socket_.get())) {}

Peer TestListener::accept(std::chrono::milliseconds bound) {
  if (!pending(bound)) throw std::runtime_error("no connection came to " + address());
  Peer peer(io::Descriptor(::accept4(fd(), nullptr, nullptr, SOCK_CLOEXEC)));
  if (!peer.open()) fail("accept");
  return peer;
}

bool TestListener::pending(std::chrono::milliseconds wait) const { return wait_readable(fd(), wait); }

FakeBackend::FakeBackend(Script script, const Endpoint& bind)
    : script_(std::move(script)), listener_(bind), acceptor_([this] { accept_until_stopped(); }) {}

FakeBackend::~FakeBackend() {
  stopping_ = true;
  ::shutdown(listener_.fd(), SHUT_RDWR);
  acceptor_.join();
  for (Connection& connection : connections_) {
    {
      const std::lock_guard lock(connection.mutex);
      if (connection.peer.open()) ::shutdown(connection.peer.fd(), SHUT_RDWR);
    }
    connection.thread.join();
  }
}

void FakeBackend::accept_until_stopped() {
  while (!stopping_) {
    io::Descriptor socket(::accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!socket) continue;
    ++accepted_;
    Connection& connection = connections_.emplace_back();
    connection.peer = Peer(std::move(socket));
    connection.thread = std::thread([this, &connection] { play(connection); });
  }
}

void FakeBackend::play(Connection& connection) {
  Leave leave = Leave::close;
  try {
    leave = script_(connection.peer);
  } catch (const std::exception&) {
    // The client went away in the middle of the script.
  }
  const std::lock_guard lock(connection.mutex);
  if (leave == Leave::reset) connection.peer.reset();
  connection.peer.close();
}

FakeBackend::Script echoes() { return echo; }

FakeBackend::Script greets_then_echoes(std::string greeting) {
  return [greeting = std::move(greeting)](Peer& client) {
    client.send_all(greeting);
    return echo(client);
  };
}

FakeBackend::Script sends_after_fin(std::string bytes) {
  return [bytes = std::move(bytes)](Peer& client) {
    client.receive_until_end();
    client.send_all(bytes);
    return Leave::close;
  };
}

FakeBackend::Script never_answers() {
  return [](Peer& client) {
    while (client.receive_until_end().ending == Ending::silence) {
    }
    return Leave::close;
  };
}

FakeBackend::Script resets_after(std::size_t bytes) {
  return [bytes](Peer& client) {
    client.receive_exactly(bytes);
    return Leave::reset;
  };
}

FakeBackend::Script closes_at_once() {
  return [](Peer&) { return Leave::close; };
}

}  // namespace weir::test
