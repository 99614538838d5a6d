#include "server/listener/listening_socket.hpp"

#include <fcntl.h>
#include <linux/filter.h>

#include <array>
#include <cerrno>
#include <limits>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "common/io/stream.hpp"
#include "common/io/tcp_options.hpp"
#include "common/logging.hpp"

namespace weir {

namespace {

[[noreturn]] void fail(const Endpoint& endpoint, int error) {
  const std::string what = "cannot listen on " + endpoint.to_string();
  if (!io::is_exhaustion(error)) throw std::system_error(error, std::generic_category(), what);
  throw std::runtime_error(what + ": " + std::generic_category().message(error) +
                           "; bind fewer ports, use fewer workers, or raise the hard limit of descriptors "
                           "(LimitNOFILE=, ulimit -Hn, docker --ulimit nofile)");
}

bool set(int fd, int level, int option, int value) {
  return ::setsockopt(fd, level, option, &value, sizeof value) == 0;
}

/// Where a socket listens that was made elsewhere. Makes it non-blocking, and keeps it from programs that are started.
Endpoint listening_endpoint(int fd) {
  int type = 0;
  int listens = 0;
  socklen_t length = sizeof type;
  const bool is_socket = ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0;
  length = sizeof listens;
  if (!is_socket || ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) != 0) {
    throw std::system_error(errno, std::generic_category(), "cannot adopt descriptor " + std::to_string(fd));
  }
  if (type != SOCK_STREAM || listens == 0) {
    throw std::runtime_error("cannot adopt descriptor " + std::to_string(fd) + ": it is no listening stream socket");
  }
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 || ::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
    throw std::system_error(errno, std::generic_category(), "cannot adopt descriptor " + std::to_string(fd));
  }
  return local_endpoint(fd);
}

/// Drops each SYN that begins a handshake; the client repeats it after a second. A filter of a TCP socket sees a
/// segment from its TCP header on (tcp_filter() in tcp_v4_rcv()); 13 is the offset of the flags, 2 is SYN, 16 is ACK
/// (RFC 9293, section 3.1).
bool drop_newcomers(int fd) {
  std::array<sock_filter, 5> program{{BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 13),
                                      BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 2 | 16),
                                      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 2, 0, 1), BPF_STMT(BPF_RET | BPF_K, 0),
                                      BPF_STMT(BPF_RET | BPF_K, std::numeric_limits<__u32>::max())}};
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  return ::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) == 0;
}

/// No interface has that number, so no SYN matches this socket any more, and each gets a RST: compute_score() of
/// net/ipv4/inet_hashtables.c passes over a socket that is bound to another interface. Handshakes under way and their
/// connections keep the interface that they began with (ir_iif). The number is not looked up
/// (sock_bindtoindex_locked() in net/core/sock.c), and since Linux 5.7 this needs no privilege, unless the socket is
/// already bound to an interface, as one of a link-local address is.
bool hide_from_newcomers(int fd) { return set(fd, SOL_SOCKET, SO_BINDTOIFINDEX, std::numeric_limits<int>::max()); }

}  // namespace

ListeningSocket::ListeningSocket(const ListenerConfig& config, const BindPlace& place, int backlog, std::size_t workers,
                                 PortUse use, bool listens)
    : place_(place), endpoint_(place.endpoint) {
  if (is_handed_over()) {
    io::Descriptor copy(::fcntl(place_.handed_over->descriptor.get(), F_DUPFD_CLOEXEC, 0));
    if (!copy) fail(endpoint_, errno);
    listening_endpoint(copy.get());
    if (endpoint_.is_inet()) io::replace_tcp_options(copy.get(), config.tcp);
    sockets_.push_back(std::move(copy));
    return;
  }
  if (endpoint_.is_unix()) {
    const bool has_file = SocketFile::is_needed(endpoint_);
    const SocketPermissions permissions(config.unix_socket);  // first, because looking up accounts may take a while
    if (has_file) SocketFile::make_room(endpoint_);
    sockets_.push_back(open(false));
    if (has_file) {
      file_ = SocketFile(endpoint_);
      file_.set(permissions);
    }
    if (listens) listen(backlog);
    return;
  }
  // The probe holds the port until the group listens: bound but not listening, it does not conflict with the group.
  const io::Descriptor probe = open(use == PortUse::shared);
  endpoint_ = local_endpoint(probe.get());
  for (std::size_t i = 0; i < workers; ++i) {
    sockets_.push_back(open(true));
    io::apply_tcp_options(sockets_.back().get(), config.tcp);
  }
  if (listens) listen(backlog);
}

ListeningSocket ListeningSocket::adopt(std::vector<io::Descriptor> sockets, const std::optional<BindPlace>& place) {
  ListeningSocket adopted;
  for (const io::Descriptor& socket : sockets) {
    const Endpoint endpoint = listening_endpoint(socket.get());
    if (&socket == &sockets.front()) adopted.endpoint_ = endpoint;
    if (endpoint == adopted.endpoint_) continue;
    throw std::runtime_error("cannot adopt sockets of one listener that listen on " + adopted.endpoint_.to_string() +
                             " and on " + endpoint.to_string());
  }
  if (sockets.empty()) throw std::runtime_error("cannot adopt a listener without a socket");
  if (SocketFile::is_needed(adopted.endpoint_)) adopted.file_ = SocketFile(adopted.endpoint_);
  adopted.file_.own(false);
  adopted.adopted_ = true;
  adopted.place_ = place.value_or(BindPlace{adopted.endpoint_});
  adopted.sockets_ = std::move(sockets);
  return adopted;
}

void ListeningSocket::grow(std::size_t workers, const TcpConfig& tcp) {
  int reuse_port = 0;
  socklen_t length = sizeof reuse_port;
  if (::getsockopt(sockets_.front().get(), SOL_SOCKET, SO_REUSEPORT, &reuse_port, &length) != 0) return;
  if (!endpoint_.is_inet() || reuse_port == 0) return;
  while (sockets_.size() < workers) {
    sockets_.push_back(open(true));
    io::apply_tcp_options(sockets_.back().get(), tcp);
  }
}

std::vector<int> ListeningSocket::descriptors_of(std::size_t worker, std::size_t workers) const {
  std::vector<int> descriptors;
  for (std::size_t i = worker; i < sockets_.size(); i += workers) descriptors.push_back(sockets_[i].get());
  return descriptors;
}

void ListeningSocket::pass_on() {
  passed_on_ = true;
  file_.own(false);
}

std::string ListeningSocket::name() const {
  if (place_.port_count == 1) return endpoint_.to_string();
  Endpoint first = endpoint_;
  first.set_port(static_cast<std::uint16_t>(endpoint_.port() - place_.port_offset));
  return first.to_string() + "-" + std::to_string(first.port() + place_.port_count - 1);
}

bool ListeningSocket::refuse_newcomers() const {
  // unix_stream_connect() looks under the same lock that shutdown(2) takes, and leaves the queue as it is.
  if (endpoint_.is_unix()) return ::shutdown(sockets_.front().get(), SHUT_RD) == 0;
  bool refused = true;
  for (const io::Descriptor& socket : sockets_) {
    refused = (hide_from_newcomers(socket.get()) || drop_newcomers(socket.get())) && refused;
  }
  return refused;
}

io::Descriptor ListeningSocket::open(bool reuse_port) const {
  io::Descriptor socket = io::open_stream_socket(endpoint_.family());
  if (!socket) fail(endpoint_, errno);
  if (endpoint_.is_inet()) set(socket.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (endpoint_.family() == AF_INET6) set(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, place_.dual_stack ? 0 : 1);
  if (reuse_port) set(socket.get(), SOL_SOCKET, SO_REUSEPORT, 1);
  if (::bind(socket.get(), endpoint_.data(), endpoint_.size()) != 0) fail(endpoint_, errno);
  return socket;
}

void ListeningSocket::reconfigure(const TcpConfig& tcp, int backlog,
                                  const std::optional<SocketPermissions>& permissions) {
  for (const io::Descriptor& socket : sockets_) {
    if (endpoint_.is_inet()) io::replace_tcp_options(socket.get(), tcp);
  }
  if (is_handed_over()) return;
  listen(backlog);  // once more: the kernel takes the new backlog
  if (permissions && SocketFile::is_needed(endpoint_)) file_.set(*permissions);
}

void ListeningSocket::listen(int backlog) const {
  if (place_.handed_over) return;  // it does, with its owner's backlog
  for (const io::Descriptor& socket : sockets_) {
    if (::listen(socket.get(), backlog) != 0) fail(endpoint_, errno);
  }
}

std::vector<std::string> bound_addresses(const std::vector<ListeningSocket>& sockets) {
  std::vector<std::string> names;
  for (const ListeningSocket& socket : sockets) {
    if (socket.port_offset() == 0) names.push_back(socket.name());  // the first of a range names all of it
  }
  return names;
}

std::vector<BindPlace> bind_places(const ListenerConfig& config, const HandedOverSockets& handed_over) {
  std::vector<BindPlace> places;
  for (const Address& address : config.bind) {
    if (address.is_descriptor()) {
      for (const auto& socket : handed_over.named(address.host)) {
        places.push_back({local_endpoint(socket->descriptor.get()), false, 0, 1, socket});
      }
      continue;
    }
    for (Endpoint endpoint : resolve(address, AddressUse::bind)) {
      for (std::uint16_t offset = 0; offset < address.port_count; ++offset) {
        if (offset > 0) endpoint.set_port(static_cast<std::uint16_t>(endpoint.port() + 1));
        places.push_back({endpoint, address.is_inet() && address.host.empty(), offset, address.port_count});
      }
    }
  }
  return places;
}

namespace {

ListeningSocket take_over(std::vector<io::Descriptor> inherited, const ListenerConfig& config, const BindPlace& place,
                          std::size_t workers) {
  ListeningSocket socket = ListeningSocket::adopt(std::move(inherited), place);
  socket.grow(workers, config.tcp);
  return socket;
}

}  // namespace

std::vector<ListeningSocket> open_listening_sockets(const ListenerConfig& config, int backlog, std::size_t workers,
                                                    const HandedOverSockets& handed_over, InheritedSockets* inherited) {
  std::vector<ListeningSocket> sockets;
  for (const BindPlace& place : bind_places(config, handed_over)) {
    std::vector<io::Descriptor> open;
    if (inherited != nullptr && !place.handed_over) {
      open = inherited->take(place.endpoint, place.dual_stack, config.name);
    }
    if (!open.empty()) {
      sockets.push_back(take_over(std::move(open), config, place, workers));
      continue;
    }
    // A listener that the other process still has, and this one has not, may listen on the same port of other
    // addresses.
    const bool shared = inherited != nullptr && place.endpoint.is_inet() && inherited->occupies(place.endpoint.port());
    sockets.emplace_back(config, place, backlog, workers, shared ? PortUse::shared : PortUse::exclusive);
  }
  return sockets;
}

void refresh(std::vector<ListeningSocket>& adopted, const ListenerConfig& config, int backlog) {
  for (ListeningSocket& socket : adopted) {
    if (!socket.is_adopted()) continue;
    try {
      std::optional<SocketPermissions> permissions;
      if (SocketFile::is_needed(socket.endpoint())) permissions.emplace(config.unix_socket);
      socket.reconfigure(config.tcp, backlog, permissions);
    } catch (const std::exception& error) {
      spdlog::error("listener {}: {}; everything else of it holds", config.name, error.what());
    }
  }
}

}  // namespace weir
