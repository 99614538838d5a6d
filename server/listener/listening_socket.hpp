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

/// The listening sockets of one bound endpoint: one for each worker (SO_REUSEPORT), or a single one, as a unix socket
/// has, whose connections one worker accepts and hands on. Owns them; workers borrow the descriptors.
class ListeningSocket {
 public:
  /// Binds one port of the address, resolved as `endpoint`, and listens. Throws std::system_error whose text names the
  /// endpoint: a port that something else listens on is an error, because the bind is probed without SO_REUSEPORT
  /// first. A stale unix socket file is replaced; one that still accepts, and a file that is no socket, is an error.
  /// Control thread.
  ListeningSocket(const ListenerConfig& config, const Address& address, const Endpoint& endpoint,
                  std::uint16_t port_offset, int backlog, std::size_t workers);

  /// Takes over sockets that listen already, all on the same endpoint: bound by a service manager or by another
  /// process. They are one for each worker, or a single one for all. The file of a unix socket goes with it. Throws
  /// std::system_error or std::runtime_error that says which is no listening stream socket, or listens elsewhere; the
  /// sockets are closed then. `port_offset` and `port_count` say where its port stands in the listener's range.
  static ListeningSocket adopt(std::vector<io::Descriptor> sockets, std::uint16_t port_offset = 0,
                               std::uint16_t port_count = 1);

  /// The address as bound: a port of 0 has become the one that was picked.
  const Endpoint& endpoint() const { return endpoint_; }
  /// The descriptor for that worker; the same for all where it is shared, and worker 0 alone accepts then.
  int descriptor(std::size_t worker) const { return sockets_[shared() ? 0 : worker].get(); }
  bool shared() const { return sockets_.size() == 1; }
  /// Which port of its range it is, from 0.
  std::uint16_t port_offset() const { return port_offset_; }
  /// For people: the endpoint, and of a range the whole of it.
  std::string name() const;
  /// From now on whoever comes is refused as if nobody listened, while the queue, and TCP handshakes under way, live on
  /// (a SYN that another CPU handles right now too). False where the kernel does not do that. Any thread.
  bool refuse_newcomers() const;

 private:
  ListeningSocket() = default;
  io::Descriptor open(bool reuse_port) const;
  void listen(int backlog) const;

  Endpoint endpoint_;
  bool dual_stack_ = false;
  std::uint16_t port_offset_ = 0;
  std::uint16_t port_count_ = 1;
  std::vector<io::Descriptor> sockets_;
  SocketFile file_;  ///< goes first, while the socket keeps the file's number from being used again
};

/// For people: what they listen on, a range of ports once.
std::vector<std::string> bound_addresses(const std::vector<ListeningSocket>& sockets);

/// Opens every socket of a listener, in the order of its `bind` list: one for each port of a range.
std::vector<ListeningSocket> open_listening_sockets(const ListenerConfig& config, int backlog, std::size_t workers);

}  // namespace weir
