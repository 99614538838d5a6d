#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "common/endpoint.hpp"
#include "common/io/descriptor.hpp"
#include "server/config/server_config.hpp"
#include "server/listener/socket_file.hpp"

namespace weir {

/// The listening sockets of one bound endpoint: one for each worker (SO_REUSEPORT), or a single one for a unix socket,
/// whose connections one worker accepts and hands on. Owns them; workers borrow the descriptors.
class ListeningSocket {
 public:
  /// Binds one port of the address, resolved as `endpoint`, and listens. Throws std::system_error whose text names the
  /// endpoint: a port that something else listens on is an error, because the bind is probed without SO_REUSEPORT
  /// first. A stale unix socket file is replaced; one that still accepts, and a file that is no socket, is an error.
  /// Control thread.
  ListeningSocket(const ListenerConfig& config, const Address& address, const Endpoint& endpoint,
                  std::uint16_t port_offset, int backlog, std::size_t workers);

  /// The address as bound: a port of 0 has become the one that was picked.
  const Endpoint& endpoint() const { return endpoint_; }
  /// The descriptor for that worker; for a unix socket the same for all, of which worker 0 alone accepts.
  int descriptor(std::size_t worker) const { return sockets_[shared() ? 0 : worker].get(); }
  bool shared() const { return endpoint_.is_unix(); }
  /// Which port of its range it is, from 0.
  std::uint16_t port_offset() const { return port_offset_; }
  /// For people: the endpoint, and of a range the whole of it.
  std::string name() const;
  /// From now on whoever comes is refused as if nobody listened, while the queue, and TCP handshakes under way, live on
  /// (a SYN that another CPU handles right now too). False where the kernel does not do that. Any thread.
  bool refuse_newcomers() const;

 private:
  io::Descriptor open(bool reuse_port) const;
  void listen(int backlog) const;

  Endpoint endpoint_;
  bool dual_stack_;
  std::uint16_t port_offset_;
  std::uint16_t port_count_;
  std::vector<io::Descriptor> sockets_;
  SocketFile file_;  ///< goes first, while the socket keeps the file's number from being used again
};

/// For people: what they listen on, a range of ports once.
std::vector<std::string> bound_addresses(const std::vector<ListeningSocket>& sockets);

/// Opens every socket of a listener, in the order of its `bind` list: one for each port of a range.
std::vector<ListeningSocket> open_listening_sockets(const ListenerConfig& config, int backlog, std::size_t workers);

}  // namespace weir
