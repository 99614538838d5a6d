#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/faults/fault_set.hpp"
#include "common/io/spare_descriptor.hpp"
#include "common/logging.hpp"
#include "server/admission/admission.hpp"
#include "server/admission/source_table.hpp"
#include "server/capacity_plan.hpp"
#include "server/config/server_config.hpp"
#include "server/listener/handshakes.hpp"
#include "server/listener/inherited_sockets.hpp"
#include "server/listener/open_listener.hpp"
#include "server/observe/access_log.hpp"
#include "server/prepared_reload.hpp"
#include "server/upgrade/drained.hpp"
#include "server/upstream/upstream.hpp"
#include "server/worker/accept_stop.hpp"
#include "server/worker/worker.hpp"

namespace weir {

/// Everything that connections touch: listeners, upstreams, limits, records and the workers. Members stand in order of
/// life: what sessions refer to comes before the workers that run them. Control thread.
class DataPlane {
 public:
  /// Opens the access log and prepares the upstreams, which may block while names are resolved. Throws as
  /// prepare_upstream() and AccessLog do. Listeners find their `fd:NAME` among `handed_over`.
  DataPlane(const ServerConfig& config, const CapacityPlan& plan, HandedOverSockets handed_over = {});
  DataPlane(const DataPlane&) = delete;
  DataPlane& operator=(const DataPlane&) = delete;
  ~DataPlane() { join(); }

  /// Binds and listens, or takes inherited sockets over. What was drained is so from the start. Throws
  /// std::runtime_error whose text has a line for each listener that cannot listen.
  void open(const ServerConfig& config, const CapacityPlan& plan, InheritedSockets& inherited,
            const upgrade::Drained& drained);
  /// Starts the workers, and accepts.
  void start(int backlog);
  /// The files of unix sockets that were inherited go with their listeners from now on.
  void own_files();

  /// What a reload is prepared beside.
  RunningState running(std::shared_ptr<const ServerConfig> config);
  /// Goes on with another configuration. Fails for lack of memory alone.
  void apply(PreparedReload& next);

  /// Copies of all listening sockets, for another process. Throws std::system_error.
  void copy_sockets(InheritedSockets& copies) const;
  /// Another process accepts from these sockets, but for those at the places that are left: close_all() leaves it
  /// whoever is queued.
  void pass_on(const InheritedSockets& sockets, const std::vector<std::size_t>& left);
  /// Accepts again, from sockets that were passed on. Logs which listeners are left without one.
  void take_back(const ServerConfig& config, const CapacityPlan& plan, InheritedSockets& sockets);

  /// Of that name, which may be one that a reload removed and that still has connections; null if there is none.
  ListenerPtr find(const std::string& name);
  /// What is done on purpose to the connections of a listener from now on, those that there are included; null for
  /// nothing.
  void set_faults(const ListenerPtr& listener, faults::FaultSetPtr faults);

  /// Calls `done` on a worker's thread once all workers have done what they were told before.
  void settle(const std::function<void()>& done);

  /// Has a listener, which there is, give up its sockets; its connections go on. It stays so over reloads. False if it
  /// was so already. close_removed() then closes the sockets.
  bool drain_listener(const std::string& name);
  /// Opens its sockets again; false if they are open. Blocks while names are looked up. Throws as bind_places() and
  /// ListeningSocket do, and the listener stays drained.
  bool enable_listener(const std::string& name, int backlog);
  bool is_drained(const std::string& name) const { return drained_.contains(name); }

  /// The next step towards closed listening sockets, of all of them or of those that were given up: how long to
  /// wait before the one after, nothing once they are closed. `at_once` waits for nobody outside.
  std::optional<std::chrono::milliseconds> close_all(bool at_once);
  std::optional<std::chrono::milliseconds> close_removed(bool at_once = false);

  /// Has those idle connections close whose turn comes before `until`, unless the workers are still busy with the last
  /// such call.
  void close_idle(const DrainSpread& spread, DrainSpread::Time until);
  void cut_sessions();
  /// Cuts the connections of a listener that was removed.
  void cut_sessions(const ListenerPtr& listener);
  /// Ends the workers. Call only once no session and no acceptor is left.
  void join();

  Admission& admission() { return admission_; }
  const std::shared_ptr<tls::TicketKeys>& tickets() const { return tickets_; }
  /// Of all listeners and upstreams.
  using CertificateHolders = std::vector<std::shared_ptr<tls::CertificateHolder>>;
  CertificateHolders certificate_holders() const;
  AccessLog& access_log() { return access_log_; }
  Upstreams& upstreams() { return upstreams_; }
  const OpenListeners& listeners() const { return listeners_; }
  /// Listeners that reloads removed and that still have connections.
  const std::list<ListenerPtr>& removed();
  /// Destroys those versions of listeners, replaced or removed, that no connection needs any more. True if others are
  /// left.
  bool release_left();
  std::deque<Worker>& workers() { return workers_; }

 private:
  void apply_tls(const TlsConfig& next);
  void apply_bandwidth(const ListenerPtr& listener, const Listener& before);
  void open(const ListenerConfig& config, int backlog, std::size_t workers, InheritedSockets& inherited);
  void go_on(const std::string& name, PreparedListener& prepared, OpenListeners& before);
  PortUse use_of(const Endpoint& endpoint) const;

  const HandedOverSockets handed_over_;
  Admission admission_;
  SourceTable sources_;
  io::SpareDescriptor spare_;
  LogLimiter refusals_;
  Upstreams upstreams_;
  AccessLog access_log_;  // writes records that name backends
  const std::shared_ptr<tls::TicketKeys> tickets_;
  const std::uint64_t pipes_per_worker_;
  OpenListeners listeners_;
  std::set<std::string> drained_;  ///< listeners, by name
  bool passed_on_ = false;         ///< the sockets, which may be taken back
  std::list<ListenerPtr> removed_;
  /// Versions that reloads replaced or removed. They are held so that no worker has to destroy what may be large:
  /// rules, and sources with their rates.
  std::vector<ListenerPtr> left_;
  /// Opened at the start: where descriptors are used up, a drain must not take one that a refusal needs.
  const Handshakes handshakes_;
  std::list<AcceptStop> stops_;
  std::weak_ptr<void> closing_idle_;  ///< lives while workers look for idle connections
  std::deque<Worker> workers_;
};

}  // namespace weir
