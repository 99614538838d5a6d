#include "server/listener/listening_socket.hpp"

#include <cerrno>
#include <system_error>

#include "common/io/stream.hpp"
#include "common/io/tcp_options.hpp"

namespace weir {

namespace {

[[noreturn]] void fail(const Endpoint& endpoint, int error) {
  throw std::system_error(error, std::generic_category(), "cannot listen on " + endpoint.to_string());
}

void set(int fd, int level, int option, int value) { ::setsockopt(fd, level, option, &value, sizeof value); }

/// The path of a unix socket in the file system, empty for an abstract one.
std::string file_of(const Endpoint& endpoint) {
  constexpr std::string_view kPrefix = "unix:";
  const std::string text = endpoint.to_string();
  return endpoint.is_unix() && text.size() > kPrefix.size() && text[kPrefix.size()] != '@' ? text.substr(kPrefix.size())
                                                                                           : std::string();
}

}  // namespace

ListeningSocket::ListeningSocket(const Endpoint& endpoint, bool dual_stack, const TcpConfig& tcp, int backlog,
                                 std::size_t workers)
    : endpoint_(endpoint) {
  if (shared()) {
    remove_stale_file();
    sockets_.push_back(open(dual_stack, false));
  } else {
    // The probe holds the port until the group listens: bound but not listening, it conflicts with none of them.
    const io::Descriptor probe = open(dual_stack, false);
    endpoint_ = local_endpoint(probe.get());
    for (std::size_t i = 0; i < workers; ++i) {
      sockets_.push_back(open(dual_stack, true));
      io::apply_tcp_options(sockets_.back().get(), tcp);
    }
  }
  for (const io::Descriptor& socket : sockets_) {
    if (::listen(socket.get(), backlog) != 0) fail(endpoint_, errno);
  }
}

ListeningSocket::~ListeningSocket() {
  if (!sockets_.empty() && shared()) {
    if (const std::string file = file_of(endpoint_); !file.empty()) ::unlink(file.c_str());
  }
}

io::Descriptor ListeningSocket::open(bool dual_stack, bool reuse_port) const {
  io::Descriptor socket = io::open_stream_socket(endpoint_.family());
  if (!socket) fail(endpoint_, errno);
  if (endpoint_.is_inet()) set(socket.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (endpoint_.family() == AF_INET6) set(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, dual_stack ? 0 : 1);
  if (reuse_port) set(socket.get(), SOL_SOCKET, SO_REUSEPORT, 1);
  if (::bind(socket.get(), endpoint_.data(), endpoint_.size()) != 0) fail(endpoint_, errno);
  return socket;
}

void ListeningSocket::remove_stale_file() const {
  const std::string file = file_of(endpoint_);
  if (file.empty()) return;
  const io::ConnectStart attempt = io::start_connect(endpoint_);
  if (attempt.error == ECONNREFUSED) ::unlink(file.c_str());
}

std::vector<ListeningSocket> open_listening_sockets(const ListenerConfig& config, int backlog, std::size_t workers) {
  std::vector<ListeningSocket> sockets;
  for (const Address& address : config.bind) {
    const bool all_addresses = !address.is_unix() && address.host.empty();
    for (const Endpoint& endpoint : resolve(address, AddressUse::bind)) {
      sockets.emplace_back(endpoint, all_addresses, config.tcp, backlog, workers);
    }
  }
  return sockets;
}

}  // namespace weir
