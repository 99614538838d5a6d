#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/logging.hpp"
#include "server/admin/daemon.hpp"
#include "server/capacity_plan.hpp"
#include "server/config/server_config.hpp"
#include "server/control/connection_watch.hpp"
#include "server/data_plane.hpp"
#include "server/faults/fault_board.hpp"
#include "server/observe/history.hpp"
#include "server/upgrade/drained.hpp"

namespace weir {

/// The running daemon as the admin endpoint sees it: adds up what the workers count, and passes on what is asked for.
/// Control thread.
class LiveDaemon final : public admin::Daemon {
 public:
  /// What it shows and acts on. Outlives it.
  struct Parts {
    const std::shared_ptr<const ServerConfig>& config;  ///< the current one, as is the plan
    const std::string& config_file;
    const CapacityPlan& plan;
    DataPlane& data_plane;
    FaultBoard& faults;
    std::function<bool()> drain;  ///< begins the drain of the daemon; false if it has begun already
    std::function<net::awaitable<admin::Reload>(bool dry_run)> reload;
    std::function<net::awaitable<admin::Upgrade>()> upgrade;
    std::function<net::awaitable<void>()> until_no_reload;
    /// Drains a listener, which there is, or enables it; false if it was so already.
    std::function<bool(const std::string& name, bool drained)> set_listener_drained;
    /// Why nothing may be drained or enabled because of an upgrade, or nothing.
    std::function<std::string()> upgrading;
    /// How often certificates were read again, and how often that was refused.
    std::function<std::pair<std::uint64_t, std::uint64_t>()> certificate_reloads;
  };

  /// The context outlives the workers, too.
  LiveDaemon(boost::asio::io_context& context, Parts parts);

  /// Another configuration is current, or another level of the log.
  void take_config(const std::string& hash);
  void take_log_level(LogLevel level) { log_level_ = level; }

  /// Measures the workers every second and fills the history from now on; once is enough.
  void keep_history();

  ServerSnapshot snapshot() override;
  /// Of listeners, upstreams and workers alone, which costs no system call for each descriptor.
  ServerSnapshot traffic_snapshot() const;
  /// What operators have drained.
  upgrade::Drained drained() const;
  const History& history() const override { return history_; }
  std::string effective_config() const override;
  std::vector<SessionRecord> recent_records(bool failed, std::size_t most) override;
  net::awaitable<ConnectionPage> connections(ConnectionQuery query) override;
  net::awaitable<std::vector<SourceSummary>> top_sources(std::size_t most) override;
  net::awaitable<admin::Change> kill(std::uint64_t id) override;
  admin::Change drain_backend(const std::string& upstream, const std::string& backend) override;
  admin::Change enable_backend(const std::string& upstream, const std::string& backend) override;
  net::awaitable<admin::Change> drain_listener(std::string name) override;
  net::awaitable<admin::Change> enable_listener(std::string name) override;
  admin::Change drain() override;
  std::optional<FaultsSnapshot> faults() const override { return parts_.faults.snapshot(); }
  admin::Change set_fault(const std::string& listener, faults::Fault fault, const std::string& who) override;
  admin::Change remove_fault(const std::string& listener, const std::string& name, const std::string& who) override;
  admin::Change clear_faults(const std::optional<std::string>& listener, const std::string& who) override;
  net::awaitable<void> until_faults_reach_all() override { return connections_.pass_by(); }
  net::awaitable<admin::Reload> reload(bool dry_run) override;
  net::awaitable<admin::Upgrade> upgrade() override;
  LogLevel log_level() const override { return log_level_; }
  void set_log_level(LogLevel level) override;

 private:
  admin::Change set_drained(const std::string& upstream, const std::string& backend, bool drained);
  net::awaitable<admin::Change> set_listener_drained(std::string name, bool drained);
  ServerSnapshot traffic_snapshot(const Admission::Totals& totals) const;
  ProcessSnapshot process_snapshot(const Admission::Totals& totals) const;
  /// Nothing where no TLS is spoken.
  std::optional<TlsSnapshot> tls_snapshot() const;
  void add_faults(ServerSnapshot& now) const;
  void wait_for_tick();
  void tick();

  const Parts parts_;
  const WallTime started_ = std::chrono::system_clock::now();
  WallTime config_loaded_ = started_;
  std::string config_hash_;
  LogLevel log_level_;
  History history_;
  ConnectionWatch connections_;
  boost::asio::steady_timer timer_;
  std::uint64_t ticks_ = 0;
  bool keeping_history_ = false;
};

}  // namespace weir
