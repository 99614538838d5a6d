#pragma once

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "common/endpoint.hpp"
#include "common/io/descriptor.hpp"
#include "common/net.hpp"
#include "server/config/server_config.hpp"
#include "server/listener/handed_over.hpp"
#include "server/listener/inherited_sockets.hpp"
#include "server/listener/listening_socket.hpp"
#include "server/listener/socket_file.hpp"

namespace weir::admin {

class Connections;

/// A listening socket of the endpoint before anything is accepted from it.
struct OpenSocket {
  /// Throws std::system_error.
  explicit OpenSocket(ListeningSocket listening);

  ListeningSocket socket;
  SocketFile file;      ///< again, for its owner and mode; whichever goes first removes it
  io::Descriptor copy;  ///< for Asio, which closes what it waits on
};

/// What an endpoint listens on, and by which configuration. A value.
struct Listening {
  AdminConfig config;
  std::vector<weir::Endpoint> endpoints;
};

/// What to do so that an endpoint listens as it is configured.
struct ListeningChange {
  std::vector<weir::Endpoint> kept;
  std::vector<OpenSocket> opened;
};

/// Opens the sockets of `config.bind` that are not open already; a port 0 that stays 0 keeps the port that was picked.
/// An address may overlap one that is open, as 0.0.0.0 does 127.0.0.1. `fd:NAME` is looked up in `handed_over`, and
/// sockets that were inherited, by an endpoint of that name, are taken over instead of opened. Throws
/// std::runtime_error or std::system_error, as "cannot listen on 127.0.0.1:9900: Address already in use". Any thread.
ListeningChange open_sockets(const AdminConfig& config, const Listening& running, const HandedOverSockets& handed_over,
                             InheritedSockets* inherited = nullptr, const std::string& name = "");

/// Accepts connections from a socket. Control thread.
class Acceptor {
 public:
  using Waiter = net::asio::posix::basic_stream_descriptor<net::Executor>;

  Acceptor(const net::Executor& executor, OpenSocket open, const std::shared_ptr<Connections>& connections);
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;
  ~Acceptor() { stop(); }

  const ListeningSocket& socket() const { return socket_; }
  /// Sets the owner and the mode of its file. Throws std::system_error or std::runtime_error that says what failed.
  void set(const SocketPermissions& permissions) const { file_.set(permissions); }

  /// Refuses newcomers, and accepts those that wait, unless the socket was handed over: their connections end as soon
  /// as they have nothing to ask, as all others from this socket do (Connection::leaving).
  void retire(const net::Executor& executor, const std::shared_ptr<Connections>& connections);
  /// Another process accepts from the same socket from now on: retire() leaves it whoever is queued.
  void pass_on();
  /// The file of an inherited socket goes with it from now on.
  void own_file();
  /// Accepts no more.
  void stop();

 private:
  ListeningSocket socket_;
  SocketFile file_;  // destroyed first, as in ListeningSocket
  std::shared_ptr<Waiter> waiter_;
  std::stop_source stop_;
};

}  // namespace weir::admin
