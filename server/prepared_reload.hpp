#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/logging.hpp"
#include "server/admin/endpoint.hpp"
#include "server/admission/admission.hpp"
#include "server/admission/source_table.hpp"
#include "server/capacity_plan.hpp"
#include "server/config/config_diff.hpp"
#include "server/config/server_config.hpp"
#include "server/listener/handed_over.hpp"
#include "server/listener/listening_socket.hpp"
#include "server/listener/socket_file.hpp"
#include "server/observe/access_log.hpp"
#include "server/session/listener.hpp"
#include "server/upstream/prepared_upstream.hpp"
#include "server/upstream/upstream.hpp"

namespace weir {

/// What runs while a reload is prepared, as far as that needs it. A copy, so that another thread may read it.
struct RunningState {
  struct OpenSockets {
    ListenerPtr listener;
    struct Socket {
      BindPlace place;  ///< as it was asked for
      Endpoint bound;   ///< with the port that was picked
    };
    std::vector<Socket> sockets;
    bool drained = false;  ///< it has no sockets, and is to get none
  };
  struct Backends {
    std::shared_ptr<Upstream> upstream;
    std::shared_ptr<const UpstreamConfig> config;
    std::shared_ptr<tls::Origination> tls;
    /// What the configured addresses stood for; none of names that are looked up again and again.
    std::map<BackendKey, std::vector<Endpoint>> endpoints;
  };

  std::shared_ptr<const ServerConfig> config;
  std::size_t workers = 0;
  std::uint64_t pipes_per_worker = 0;
  Admission* admission = nullptr;
  std::shared_ptr<const tls::TicketKeys> tickets;
  SourceTable sources;
  std::map<std::string, OpenSockets> listeners;
  std::vector<Endpoint> closing;  ///< internet sockets that an earlier reload gave up and that are not closed yet
  std::map<std::string, ListenerPtr> removed;  ///< listeners that still have connections
  std::map<std::string, Backends> upstreams;
  HandedOverSockets handed_over;
  admin::Listening admin;  ///< the endpoint's, if there is one
  admin::Listening faults_api;
};

/// Where a socket comes from that a listener goes on with: one that was open, or one that was opened for it.
struct KeptSocket {
  std::string listener;  ///< that had it
  std::size_t index = 0;
  BindPlace place;
};
using PreparedSocket = std::variant<KeptSocket, ListeningSocket>;

/// A listener of the next configuration.
struct PreparedListener {
  ListenerPtr listener;  ///< the running one where nothing of it changes
  bool is_new_version = false;
  bool refresh_sockets = false;  ///< those that are kept have other options
  int backlog = 0;
  std::optional<SocketPermissions> permissions;  ///< of sockets with a file
  std::vector<PreparedSocket> sockets;
};

/// Everything that a reload needs and that may block or fail, done beforehand. Sockets that were opened for it listen;
/// nothing else of it can be seen from outside.
struct PreparedReload {
  std::shared_ptr<const ServerConfig> config;
  std::string config_hash;
  CapacityPlan plan;
  SourceTable sources;
  std::map<std::string, PreparedUpstream> changed_upstreams;
  std::map<std::string, std::shared_ptr<Upstream>> new_upstreams;
  std::map<std::string, PreparedListener> listeners;  ///< all of them
  std::optional<AccessLog::Prepared> access_log;      ///< where it changes
  std::optional<PreparedLog> log;                     ///< where it changes
  std::optional<admin::Endpoint::Prepared> admin;     ///< where the next configuration has one
  std::optional<admin::Endpoint::Prepared> faults_api;
};

/// Whether what is prepared is to be applied, or only shows whether it could be.
enum class ReloadPurpose : std::uint8_t { apply, look };

/// Prepares the step from what runs to `next`. With `look`, sockets do not listen, and logs are not opened. Throws
/// std::runtime_error whose text has a line for each thing that cannot be done. Any thread.
PreparedReload prepare_reload(const RunningState& running, std::shared_ptr<const ServerConfig> next,
                              ReloadPurpose purpose);

/// Whether what is prepared listens on the same sockets as `before`, which runs, and on no other.
bool listens_alike(const PreparedReload& next, const ServerConfig& before);

}  // namespace weir
