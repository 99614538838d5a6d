#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "common/io/timer_wheel.hpp"
#include "server/config/server_config.hpp"
#include "server/upstream/backend.hpp"
#include "server/upstream/pick.hpp"
#include "server/upstream/prepared_upstream.hpp"
#include "server/upstream/source_pool.hpp"
#include "server/upstream/tiers.hpp"
#include "server/upstream/wait_queue.hpp"

namespace weir {

class Waiter;

/// The backends that a proxy listener forwards to, who may be picked, and who waits for one. Shared by all workers, and
/// exact over them: one short mutex when a connection begins and when it ends, none while bytes move. Any thread.
class Upstream {
 public:
  using Time = io::Clock::time_point;

  /// The backends that names stand for come by set_members(). `workers` is how many will use it. Throws std::bad_alloc
  /// alone. Any thread.
  explicit Upstream(PreparedUpstream prepared, std::size_t workers = 1);
  Upstream(const Upstream&) = delete;
  Upstream& operator=(const Upstream&) = delete;

  /// Any thread.
  const std::string& name() const { return name_; }
  /// What it is configured by now, and the same to be pinned by whoever goes on with it. Control thread.
  const UpstreamConfig& config() const { return *config_; }
  const std::shared_ptr<const UpstreamConfig>& pinned_config() const { return config_; }
  /// What its backends are spoken to with; null for in the clear. Control thread.
  const std::shared_ptr<tls::Origination>& pinned_tls() const { return tls_; }
  /// What its configuration says under `servers`, in that order. Control thread.
  const BackendEntries& entries() const { return entries_; }
  /// Where connections to its backends come from. Control thread.
  const SourcePool& sources() const { return *sources_; }

  /// Goes on with another configuration of the same name. A backend that both configurations have keeps its
  /// connections, its health, its ejection and whether it is drained; one that only the old one has gets no new
  /// connections and goes once it has none. Where `bind_source` changed, every backend is a new one that begins with
  /// the state of the old. Those who wait go on waiting. Changes nothing if it throws, which is std::bad_alloc alone.
  /// Control thread.
  void reconfigure(PreparedUpstream prepared, Time now);

  /// Why a connection got no place.
  using Blocked = Tiers::Blocked;
  using Pick = weir::Pick;

  /// A place on the backend that the policy picks among those that are up, not ejected, not full and not tried.
  /// `source` is a hash of the client's address.
  ///
  /// Backends of a higher rank (backups, SRV targets of a later priority) serve when none of a lower rank is up, and
  /// for a connection that has tried all of those. When all are ejected, they serve all the same. Nobody overtakes
  /// those who wait: a place that one of them can use is theirs the moment it becomes free.
  Pick take(std::uint64_t source, Tried tried, Time now);

  /// A place on any backend that has room and is not among the tried ones, on a backup too while others are full: for
  /// one that can neither have another nor wait.
  Pick take_spare(std::uint64_t source, Tried tried, Time now);

  /// A connect to the backend succeeded, or failed through the backend's own fault; `address` is the one that was
  /// tried, where the backend has a range of them.
  void connected(Backend& backend, Time now);
  void failed(Backend& backend, int error, Time now, const std::string& address = {});

  /// A backend was found up or down; `why` is for the log. Those who wait are served if it can serve them.
  /// With `on_down: reset` the sessions of one that is down are woken and find that they must end. Returns whether that
  /// is news. Control thread.
  bool set_up(Backend& backend, bool up, const std::string& why, Time now);

  /// A drained backend gets no new connections and keeps those that it has. `why` is for people. Returns whether that
  /// is news. Control thread.
  bool set_drained(Backend& backend, bool drained, const std::string& why, Time now);

  /// Serves those who wait, because an ejected backend may be back.
  void serve_waiting(Time now);
  /// `call(when)` says that somebody waits and that serve_waiting() is due at `when`; a later call replaces the ones
  /// before. It is called under the upstream's mutex, on any thread, and must only pass the time on. A null one ends
  /// that.
  using ReturnCall = std::function<void(Time when)>;
  void on_return(ReturnCall call);
  /// Whether any backend is up.
  bool any_up() const;

  /// One of the backends that a name stands for.
  struct Member {
    Endpoint endpoint;
    Standing standing;
  };
  /// Says what the name of `entry`, one of entries(), stands for now; an endpoint that is named twice stands where it
  /// stood first. Backends that are no longer among the members get no new connections and go once they
  /// have none; one that comes back goes on where it stood. Where backends are checked, a new one serves once its first
  /// check has passed. Control thread.
  void set_members(const std::shared_ptr<const BackendEntry>& entry, const std::vector<Member>& members, Time now);

  /// What the backend's checks have found so far; nothing where there were none, or none counts any more. Control
  /// thread.
  std::optional<bool> known_health(const Backend& backend) const;
  /// The backend's checks have ended, because it left: should it come back, it is a new one to them. Control thread.
  void forget_checks(Backend& backend);

  /// The backends that new connections go to. Control thread.
  const std::vector<std::shared_ptr<Backend>>& backends() const { return backends_; }
  /// Connections that a backend has now.
  std::uint32_t active(const Backend& backend) const;
  std::size_t waiting() const;
  /// What that worker counts of its connections' waits. Written by that worker only, read by any thread.
  QueueCounters& queue_counters(std::size_t worker) { return queue_counters_[worker]; }
  /// Its state and counts, backends that have left but still have connections included. Control thread.
  UpstreamSnapshot snapshot(Time now);
  /// The backend that snapshot() calls so, among those that new connections go to; null for none. Control thread.
  std::shared_ptr<Backend> find(const std::string& name) const;

 private:
  friend class CutWatch;
  friend struct LeaseRelease;
  friend class Waiter;

  using Lock = std::lock_guard<std::mutex>;
  using Backends = std::vector<std::shared_ptr<Backend>>;

  struct Seen;
  Tiers::Backends standings() const;
  Backends known_of(const BackendKey& entry) const;
  void label(const Backends& backends) const;
  std::shared_ptr<Backend> make_member(const std::shared_ptr<const BackendEntry>& entry, const Member& member);
  std::shared_ptr<Backend> make_configured(const PreparedUpstream::Entry& entry);
  /// Honours the wish that a backend of that name be drained.
  void drain_if_wished(Backend& backend) const;
  /// Who came and who left.
  struct Moves {
    Backends joining;
    Backends leaving;
  };
  /// Puts these in the place of the backends that new connections go to. `change` is called under the mutex, and must
  /// not fail; `why` is what is said of those that leave.
  Moves arrange(const Tiers::Backends& next, const UpstreamConfig& config, const char* why, Time now,
                const std::function<void()>& change);

  // Under the mutex.
  Pick pick(std::uint64_t source, Tried tried);
  /// Gives a place on it.
  Pick lease(Backend& backend);
  void look_at_time(Time now);
  void reseat(Backend& backend, Time now);
  void serve_queue(Time now);
  void tell_return();
  Seen look_at(const std::shared_ptr<Backend>& backend, std::uint64_t serving, Time now) const;
  void log_whether_any_is_up();

  void release(Backend& backend);

  const std::string name_;
  const std::size_t workers_;
  // Replaced by the control thread, under the mutex.
  std::shared_ptr<const UpstreamConfig> config_;
  std::shared_ptr<tls::Origination> tls_;  ///< of the control thread
  std::uint32_t most_tried_;  ///< `connect.attempts` of the configuration, or of an earlier one, which allowed most
  BackendEntries entries_;
  std::shared_ptr<const SourcePool> sources_;
  std::vector<QueueCounters> queue_counters_;  ///< one for each worker
  std::minstd_rand seeds_;                     ///< of the control thread
  /// Those that an operator drained, by their entries and names, so that one that leaves and comes back stays drained.
  /// Of the control thread.
  std::map<std::pair<BackendKey, std::string>, Since> drained_;
  Backends backends_;  ///< changed by the control thread alone
  Backends left_;      ///< those that still have connections
  mutable std::mutex mutex_;
  Tiers tiers_;
  WaitQueue queue_;
  ReturnCall on_return_;
  Time told_return_ = Time::max();
  bool logged_none_up_ = false;
};

/// Upstreams by their names.
using Upstreams = std::map<std::string, std::shared_ptr<Upstream>>;

}  // namespace weir
