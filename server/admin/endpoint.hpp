#pragma once

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "common/net.hpp"
#include "server/admin/bounds.hpp"
#include "server/admin/daemon.hpp"
#include "server/config/server_config.hpp"
#include "server/listener/listening_socket.hpp"

namespace weir::admin {

class Connections;

/// The admin endpoint: HTTP/1.1 over the sockets of `admin.bind`, one coroutine a connection. A caller that is slow,
/// idle or hostile costs nobody else anything: time, memory and number of connections are bounded, and where there are
/// too many, the one that has been idle longest gives way. Control thread.
class Endpoint {
 public:
  using Waiter = net::asio::posix::basic_stream_descriptor<net::Executor>;

  /// Listens from here on. Throws std::runtime_error, as "admin: cannot listen on 127.0.0.1:9900: Address already in
  /// use". The daemon must outlive it, or at least stop(). The executor's context runs on the control thread and
  /// outlives it.
  Endpoint(const net::Executor& executor, const AdminConfig& config, Daemon& daemon, const Bounds& bounds = {});
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;
  ~Endpoint();

  /// The addresses that it listens on; a port 0 has been replaced by the one that was picked. None once it is stopped.
  std::vector<std::string> bound() const { return bound_addresses(sockets_); }

  /// Closes everything, so that its address is free again, and removes a socket's file. From here on it calls the
  /// daemon no more; what the daemon itself has under way for a request is cancelled, and ends in the executor's next
  /// turns.
  void stop();

 private:
  std::stop_source stop_;
  std::vector<ListeningSocket> sockets_;
  std::vector<std::shared_ptr<Waiter>> waiters_;  ///< for connections, one for each socket
  std::shared_ptr<Connections> connections_;
};

}  // namespace weir::admin
