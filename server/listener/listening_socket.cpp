#include "server/listener/listening_socket.hpp"

#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "common/io/stream.hpp"
#include "common/io/tcp_options.hpp"

namespace weir {

namespace {

[[noreturn]] void fail(const Endpoint& endpoint, int error) {
  const std::string what = "cannot listen on " + endpoint.to_string();
  if (!io::is_exhaustion(error)) throw std::system_error(error, std::generic_category(), what);
  throw std::runtime_error(what + ": " + std::generic_category().message(error) +
                           "; bind fewer ports, use fewer workers, or raise the hard limit of descriptors "
                           "(LimitNOFILE=, ulimit -Hn, docker --ulimit nofile)");
}

void set(int fd, int level, int option, int value) { ::setsockopt(fd, level, option, &value, sizeof value); }

}  // namespace

ListeningSocket::ListeningSocket(const ListenerConfig& config, const Address& address, const Endpoint& endpoint,
                                 std::uint16_t port_offset, int backlog, std::size_t workers)
    : endpoint_(endpoint),
      dual_stack_(!address.is_unix() && address.host.empty()),
      port_offset_(port_offset),
      port_count_(address.port_count) {
  if (shared()) {
    const bool has_file = SocketFile::is_needed(endpoint_);
    const SocketPermissions permissions(config.unix_socket);  // first, because to look accounts up may take its time
    if (has_file) SocketFile::make_room(endpoint_);
    sockets_.push_back(open(false));
    if (has_file) {
      file_ = SocketFile(endpoint_);
      file_.set(permissions);
    }
    listen(backlog);
    return;
  }
  // The probe holds the port until the group listens: bound but not listening, it conflicts with none of them.
  const io::Descriptor probe = open(false);
  endpoint_ = local_endpoint(probe.get());
  for (std::size_t i = 0; i < workers; ++i) {
    sockets_.push_back(open(true));
    io::apply_tcp_options(sockets_.back().get(), config.tcp);
  }
  listen(backlog);
}

std::string ListeningSocket::name() const {
  if (port_count_ == 1) return endpoint_.to_string();
  Endpoint first = endpoint_;
  first.set_port(static_cast<std::uint16_t>(endpoint_.port() - port_offset_));
  return first.to_string() + "-" + std::to_string(first.port() + port_count_ - 1);
}

io::Descriptor ListeningSocket::open(bool reuse_port) const {
  io::Descriptor socket = io::open_stream_socket(endpoint_.family());
  if (!socket) fail(endpoint_, errno);
  if (endpoint_.is_inet()) set(socket.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (endpoint_.family() == AF_INET6) set(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, dual_stack_ ? 0 : 1);
  if (reuse_port) set(socket.get(), SOL_SOCKET, SO_REUSEPORT, 1);
  if (::bind(socket.get(), endpoint_.data(), endpoint_.size()) != 0) fail(endpoint_, errno);
  return socket;
}

void ListeningSocket::listen(int backlog) const {
  for (const io::Descriptor& socket : sockets_) {
    if (::listen(socket.get(), backlog) != 0) fail(endpoint_, errno);
  }
}

std::vector<ListeningSocket> open_listening_sockets(const ListenerConfig& config, int backlog, std::size_t workers) {
  std::vector<ListeningSocket> sockets;
  for (const Address& address : config.bind) {
    for (Endpoint endpoint : resolve(address, AddressUse::bind)) {
      for (std::uint16_t offset = 0; offset < address.port_count; ++offset) {
        if (offset > 0) endpoint.set_port(static_cast<std::uint16_t>(endpoint.port() + 1));
        sockets.emplace_back(config, address, endpoint, offset, backlog, workers);
      }
    }
  }
  return sockets;
}

}  // namespace weir
