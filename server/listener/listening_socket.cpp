#include "server/listener/listening_socket.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <stdexcept>
#include <system_error>

#include "common/accounts.hpp"
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

/// The number of a user or a group, or what leaves it as it is (chown(2)).
template <typename Find>
auto account(const std::string& name, Find find) {
  using Id = typename decltype(find(name))::value_type;
  if (name.empty()) return static_cast<Id>(-1);
  const std::optional<Id> id = find(name);
  if (!id) throw std::runtime_error("there is no user or group " + name);  // since the configuration was read
  return *id;
}

void give_file(const Endpoint& endpoint, const std::string& file, const UnixConfig& to) {
  if (::lchown(file.c_str(), account(to.owner, find_user), account(to.group, find_group)) == 0) return;
  const int error = errno;
  const std::string whom = (to.owner.empty() ? "" : "user " + to.owner) +
                           (to.owner.empty() || to.group.empty() ? "" : " and ") +
                           (to.group.empty() ? "" : "group " + to.group);
  throw std::system_error(error, std::generic_category(), "cannot give " + endpoint.to_string() + " to " + whom);
}

}  // namespace

ListeningSocket::ListeningSocket(const ListenerConfig& config, const Address& address, const Endpoint& endpoint,
                                 std::uint16_t port_offset, int backlog, std::size_t workers)
    : endpoint_(endpoint),
      dual_stack_(!address.is_unix() && address.host.empty()),
      port_offset_(port_offset),
      port_count_(address.port_count) {
  if (shared()) {
    remove_stale_file();
    sockets_.push_back(open(false));
    try {
      set_permissions(config.unix_socket);
      listen(backlog);
    } catch (...) {
      remove_file();
      throw;
    }
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

ListeningSocket::~ListeningSocket() {
  if (!sockets_.empty() && shared()) remove_file();
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

/// Between bind(2) and listen(2), when the file is there but every connect(2) is refused: whoever the umask would have
/// let in finds nobody.
void ListeningSocket::set_permissions(const UnixConfig& config) const {
  const std::string file = file_of(endpoint_);
  if (file.empty()) return;
  if (!config.owner.empty() || !config.group.empty()) give_file(endpoint_, file, config);
  if (::chmod(file.c_str(), config.mode) != 0) fail(endpoint_, errno);
}

void ListeningSocket::remove_file() const {
  if (const std::string file = file_of(endpoint_); !file.empty()) ::unlink(file.c_str());
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
