#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/admission/gate.hpp"
#include "server/config/server_config.hpp"
#include "server/observe/end_counts.hpp"
#include "server/session/service.hpp"

namespace weir {

/// What all connections of a listener share, on every worker: its configuration, its service, who may come in, and how
/// its connections ended. Pinned by whoever needs it, so that it lives until its last connection has ended.
class Listener {
 public:
  /// Reads the files that the rules name; throws as Gate does.
  Listener(ListenerConfig config, Service service, Admission& process, SourceTable& process_sources,
           std::size_t workers)
      : config_(std::move(config)),
        service_(std::move(service)),
        gate_(process, process_sources, config_),
        ends_(workers) {}
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  const ListenerConfig& config() const { return config_; }
  const Service& service() const { return service_; }
  /// Any thread.
  Gate& gate() { return gate_; }
  /// Written by that worker only, read by any thread.
  EndCounts& ends(std::size_t worker) { return ends_[worker]; }
  /// How many connections ended in this way, over all workers. Any thread.
  std::uint64_t ended(SessionEnd end) const {
    std::uint64_t count = 0;
    for (const EndCounts& ends : ends_) count += ends.of(end);
    return count;
  }

 private:
  const ListenerConfig config_;
  const Service service_;
  Gate gate_;
  std::vector<EndCounts> ends_;  ///< one for each worker
};

using ListenerPtr = std::shared_ptr<Listener>;

}  // namespace weir
