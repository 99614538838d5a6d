#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/endpoint.hpp"
#include "common/io/timer_wheel.hpp"
#include "common/logging.hpp"
#include "server/observe/backend_counters.hpp"
#include "server/observe/snapshot.hpp"
#include "server/upstream/backend_entry.hpp"
#include "server/upstream/cut_watches.hpp"
#include "server/upstream/ejection.hpp"
#include "server/upstream/source_pool.hpp"

namespace weir {

class Upstream;
struct Tier;

/// Where a backend stands among those of its upstream.
struct Standing {
  /// A weight of 1, so that there are parts of it.
  static constexpr std::uint32_t kWhole = 100;
  /// The rank of backups; further ones come after it.
  static constexpr std::uint32_t kBackup = 1u << 16;

  std::uint32_t weight = kWhole;
  std::uint32_t rank = 0;  ///< serves only when no backend of a lower rank is up

  bool operator==(const Standing&) const = default;
};

/// Since when something is so, and why, for people.
struct Since {
  WallTime when{};
  std::shared_ptr<const std::string> why;  ///< null: nothing to say
};

/// One backend of an upstream: a configured address, or one of those that a name stands for now.
class Backend : public std::enable_shared_from_this<Backend> {
 public:
  using Id = std::uint64_t;

  /// `endpoints` is what to connect to, in this order, until one works; `name` is for people and records.
  Backend(std::shared_ptr<const BackendEntry> entry, Upstream& upstream, std::shared_ptr<const SourcePool> pool,
          std::string name, std::vector<Endpoint> endpoints, Standing standing, std::size_t workers);
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;

  /// What it is configured by now. Control thread.
  const BackendEntry& entry() const { return *entry_; }
  /// Unique within the process.
  Id id() const { return id_; }
  /// Outlives the backend where a record still needs it.
  const std::shared_ptr<const std::string>& name() const { return name_; }
  /// The same for a connection that came to this port of a listener's range: one of a range has its own port.
  const std::shared_ptr<const std::string>& name_at(std::uint16_t offset) const {
    return ports_.empty() ? name_ : ports_[offset];
  }
  /// Whether there is a port for that one of a listener's range; there is none for a connection that came under an
  /// earlier configuration, whose range was longer.
  bool has_port_at(std::uint16_t offset) const { return ports_.empty() || offset < ports_.size(); }
  /// How far the port to connect to is from the endpoint's.
  std::uint16_t port_shift(std::uint16_t offset) const { return ports_.empty() ? 0 : offset; }
  /// What it is called where it is configured: a name or an address, which its certificate has to name.
  const std::string& host() const { return host_; }
  /// Of a range: the first port.
  const std::vector<Endpoint>& endpoints() const { return endpoints_; }
  /// Whether its name no longer stands for it, so that it serves only the connections that it has. Control thread.
  bool has_left() const { return left_; }

  /// Where its connections come from. Any thread.
  SourceTurns& sources() { return sources_; }

  /// How often all its connections were to be cut: one that began at another count must end. Any thread.
  std::uint32_t cuts() const { return cuts_.load(std::memory_order_relaxed); }

  /// Whether it is one of the backends of that tier. Under the upstream's mutex.
  bool stands_in(const Tier& tier) const { return seat_.tier == &tier; }

  /// What the outside calls it: its name, and a number where several of the upstream have that name. Control thread.
  const std::string& label() const { return label_; }

  /// What that worker counts of it. Written by that worker only, read by any thread.
  BackendCounters& counters(std::size_t worker) { return counters_[worker]; }

  /// A check came out. Control thread.
  void count_check(bool passed) { ++(passed ? checks_passed_ : checks_failed_); }

  /// Logs, once a second at most, that a connect to that address of it failed. Any thread.
  void report_failure(const std::string& upstream, const std::string& address, int error);

 private:
  friend class CutWatch;
  friend class Tiers;
  friend class Upstream;
  friend struct LeaseRelease;

  /// Where it stands among the backends that may be picked. Nowhere once it has left.
  struct Seat {
    Tier* tier = nullptr;     ///< that it stands in; none while it is down
    Tier* healthy = nullptr;  ///< the tiers of its rank
    Tier* ejected = nullptr;
    std::size_t index = 0;   ///< in those tiers
    std::size_t number = 0;  ///< among all backends of the upstream
    bool warming = false;    ///< its weight is still growing
  };

  /// Goes on where another one stands, but for its connections. Under the upstream's mutex.
  void succeed(const Backend& before);

  bool has_room() const {
    const std::uint32_t most = entry_->config.max_connections;
    return most == 0 || active_ < most;
  }

  std::shared_ptr<const BackendEntry> entry_;  ///< replaced by the control thread, under the upstream's mutex
  Upstream& upstream_;
  const Id id_;
  const std::shared_ptr<const std::string> name_;
  const std::string host_;
  std::vector<std::shared_ptr<const std::string>> ports_;  ///< the names of a range's ports; else none
  const std::vector<Endpoint> endpoints_;
  const std::shared_ptr<const SourcePool> pool_;
  SourceTurns sources_;
  LogLimiter failures_;
  std::atomic<std::uint32_t> cuts_{0};     ///< times that all its connections were to be cut
  std::atomic<bool> failing_{false};       ///< the last connect failed; spares those that succeed the mutex
  std::vector<BackendCounters> counters_;  ///< one for each worker
  std::string label_;                      ///< of the control thread, as the next two
  std::uint64_t checks_passed_ = 0;
  std::uint64_t checks_failed_ = 0;

  // Under the upstream's mutex.
  Standing standing_;
  std::uint32_t active_ = 0;
  bool up_ = true;
  bool unproven_ = false;  ///< its first check is still to come, and is news whatever it says
  bool drained_ = false;   ///< by an operator's wish it gets no new connections
  bool left_ = false;      ///< written by the control thread alone
  std::uint64_t ejections_ = 0;
  Since health_since_;  ///< since when `up_` or `unproven_` is what it is
  Since ejected_since_;
  Since drained_since_;    ///< or since when it is not drained any more
  WallTime back_since_{};  ///< when its last ejection ended, or will
  Since left_since_;
  Ejection ejection_;
  io::Clock::time_point warm_since_ = io::Clock::time_point::min();  ///< slow start began, or will
  Seat seat_;
  CutWatches watches_;  ///< of its connections, where they are to be cut when it goes down
};

}  // namespace weir
