#include "client/listening_socket.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "common/io/stream.hpp"
#include "common/io/tcp_options.hpp"

namespace weir::load {

namespace {

constexpr int kBacklog = 1024;

}  // namespace

ListeningSocket::ListeningSocket(const Address& address, const Endpoint& endpoint) : endpoint_(endpoint) {
  socket_ = io::open_stream_socket(endpoint.family());
  if (!socket_) fail();
  if (endpoint.is_inet()) {
    set(SOL_SOCKET, SO_REUSEADDR, 1);
    // Accepted sockets inherit them: a client that vanished does not stay for ever.
    io::apply_tcp_options(fd(), io::TcpOptions());
  }
  if (endpoint.family() == AF_INET6) set(IPPROTO_IPV6, IPV6_V6ONLY, address.host.empty() ? 0 : 1);
  if (address.kind == Address::Kind::unix_path) path_ = address.host;
  if (!bind() && !(errno == EADDRINUSE && remove_stale() && bind())) {
    path_.clear();
    fail();
  }
  if (::listen(fd(), kBacklog) != 0) fail();
  if (endpoint.is_inet()) endpoint_ = local_endpoint(fd());
}

ListeningSocket::~ListeningSocket() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

void ListeningSocket::fail() const {
  throw std::system_error(errno, std::generic_category(), "cannot listen on " + endpoint_.to_string());
}

void ListeningSocket::set(int level, int option, int value) const {
  ::setsockopt(fd(), level, option, &value, sizeof value);
}

bool ListeningSocket::bind() const { return ::bind(fd(), endpoint_.data(), endpoint_.size()) == 0; }

/// Removes the file of a process that no longer listens.
bool ListeningSocket::remove_stale() const {
  if (path_.empty()) return false;
  const io::Descriptor probe = io::open_stream_socket(AF_UNIX);
  const bool stale = io::connect_socket(probe.get(), endpoint_) == ECONNREFUSED && ::unlink(path_.c_str()) == 0;
  if (!stale) errno = EADDRINUSE;
  return stale;
}

}  // namespace weir::load
