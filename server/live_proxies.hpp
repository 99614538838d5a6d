#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "server/admin/daemon.hpp"
#include "server/config/server_config.hpp"
#include "server/data_plane.hpp"
#include "server/faults/fault_board.hpp"
#include "server/toxiproxy/daemon.hpp"

namespace weir {

/// The running daemon as Toxiproxy's API sees it: its proxies are listeners all of whose connections go to one server,
/// and its toxics are faults. Control thread.
class LiveProxies final : public toxiproxy::Daemon {
 public:
  using Change = std::function<ServerConfig(const ServerConfig& running)>;

  /// What it shows and acts on. Outlives it.
  struct Parts {
    const std::shared_ptr<const ServerConfig>& config;  ///< the current one
    DataPlane& data_plane;
    FaultBoard& faults;
    admin::Daemon& daemon;  ///< which drains listeners of the configuration file, and enables them
    /// Goes on with another configuration; what changes it is called on another thread. `who` is for the log.
    std::function<net::awaitable<admin::Reload>(std::string who, Change change)> change;
    /// Ends the connections of a listener.
    std::function<void(const ListenerPtr& listener)> cut;
  };

  explicit LiveProxies(Parts parts) : parts_(std::move(parts)) {}

  std::vector<toxiproxy::RunningProxy> proxies() override;
  bool may_create() const override;
  net::awaitable<void> put(toxiproxy::Proxy proxy) override;
  net::awaitable<void> remove(std::string name) override;
  net::awaitable<void> enable(std::string listener, bool enabled) override;
  void cut(const std::string& listener) override;
  std::vector<FaultPtr> faults(const std::string& listener) const override;
  void set_fault(const std::string& listener, faults::Fault fault) override;
  void remove_fault(const std::string& listener, const std::string& name) override;
  net::awaitable<void> until_faults_reach_all() override { return parts_.daemon.until_faults_reach_all(); }

 private:
  net::awaitable<void> change(std::string what, Change change);

  const Parts parts_;
};

}  // namespace weir
