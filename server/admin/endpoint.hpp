#pragma once

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "common/net.hpp"
#include "server/admin/answers.hpp"
#include "server/admin/bounds.hpp"
#include "server/admin/daemon.hpp"
#include "server/admin/listening.hpp"
#include "server/admin/token_file.hpp"
#include "server/config/server_config.hpp"

namespace weir::admin {

class Connections;

/// An endpoint, such as that of operators: HTTP/1.1 over the sockets of `admin.bind`, one coroutine a connection. A
/// caller that is slow, idle or hostile costs nobody else anything: time, memory and number of connections are bounded,
/// and where there are too many, the one that has been idle longest gives way. Control thread.
class Endpoint {
 public:
  /// What the endpoint of operators is called in logs and errors.
  static constexpr const char* kAdmin = "admin";

  /// A configuration whose sockets are open. Nothing is accepted from them before it is applied, and they are closed
  /// where it is not.
  class Prepared {
    friend class Endpoint;
    Prepared(std::string name, AdminConfig config) : name_(std::move(name)), config_(std::move(config)) {}

    std::string name_;
    AdminConfig config_;
    ListeningChange sockets_;
    std::optional<TokenFile> token_;                ///< another than before
    std::optional<SocketPermissions> permissions_;  ///< others than before, of a unix socket that stays
  };
  /// Opens what the configuration needs and `running` has not: what listening() said of the endpoint that this is to be
  /// applied to, or nothing for a new one. An address that stays keeps its socket. Throws std::runtime_error, as
  /// "admin: cannot listen on 127.0.0.1:9900: Address already in use". Any thread.
  /// What was inherited is taken over instead of opened. An endpoint of another name has sockets of its own.
  static Prepared prepare(const AdminConfig& config, const Listening& running = {},
                          const HandedOverSockets& handed_over = {}, InheritedSockets* inherited = nullptr,
                          const std::string& name = kAdmin);

  /// Accepts from here on. What the answers are made of must outlive it, or at least stop(). The executor's context
  /// runs on the control thread and outlives it.
  Endpoint(const net::Executor& executor, Prepared prepared, const MakeAnswers& make, const Bounds& bounds = {});
  /// The endpoint of operators, which asks the daemon.
  Endpoint(const net::Executor& executor, Prepared prepared, Daemon& daemon, const Bounds& bounds = {});
  /// Prepares and does so. Throws what prepare() throws.
  Endpoint(const net::Executor& executor, const AdminConfig& config, Daemon& daemon, const Bounds& bounds = {})
      : Endpoint(executor, prepare(config), daemon, bounds) {}
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;
  ~Endpoint();

  /// The addresses that it listens on; a port 0 has been replaced by the one that was picked. None once it is stopped
  /// or retired.
  std::vector<std::string> bound() const;

  /// What to prepare another configuration from.
  Listening listening() const;

  /// Copies of its sockets, for another process. Throws std::system_error.
  void copy_sockets(InheritedSockets& copies) const;
  /// Another process accepts from the same sockets from now on, but for those at the places that are left: retire()
  /// leaves it whoever is queued.
  void pass_on(const std::set<std::size_t>& left);
  /// The files of sockets that were inherited go with it from now on, and have the configured owner and mode.
  void own_files();

  /// Switches to a configuration that was prepared from what it listens on now. Requests that come from here on go by
  /// it. Sockets that it does not name are closed, and so are their connections, once the request that they have begun
  /// is answered. Nothing once it is stopped or retired. Fails only for a lack of memory in the kernel or the process;
  /// what could not be done is logged.
  void apply(Prepared prepared);

  /// Stops listening at once, and lets connections end as apply() does; those that take longer than Bounds::retiring
  /// are cut. `done` is called in a turn of the executor once none is left, and may destroy the endpoint; it is not
  /// called if the endpoint is stopped or destroyed before. Once.
  void retire(std::function<void()> done);

  /// Closes everything, so that its address is free again, and removes a socket's file. From here on it calls the
  /// daemon no more; what the daemon itself has under way for a request is cancelled, and ends in the executor's next
  /// turns.
  void stop();

 private:
  using Acceptors = std::list<Acceptor>;

  void accept_from(OpenSocket socket);
  void set_permissions(const SocketPermissions& permissions);
  void retire(Acceptors acceptors);

  const net::Executor executor_;
  std::stop_source stop_;
  bool retired_ = false;
  Acceptors acceptors_;
  std::shared_ptr<Connections> connections_;
};

}  // namespace weir::admin
