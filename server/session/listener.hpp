#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/tls/renewable.hpp"
#include "server/admission/gate.hpp"
#include "server/config/server_config.hpp"
#include "server/observe/listener_counters.hpp"
#include "server/observe/tls_counters.hpp"
#include "server/session/service.hpp"
#include "server/shaping/shaping.hpp"

namespace weir {

/// What all connections of a listener share that came under one configuration, on every worker: that configuration, its
/// service, who may come in, and what is counted of its connections. Pinned by whoever needs it, so that it lives until
/// the last of these connections has ended. What is counted is shared by all configurations that the listener ever had.
class Listener {
 public:
  /// Reads the files that rules and TLS name; throws as Gate and ServerContexts do. Null `tickets` = nobody's TLS is
  /// resumed.
  Listener(ListenerConfig config, Service service, Admission& process, const SourceTable& process_sources,
           std::size_t workers, std::shared_ptr<const tls::TicketKeys> tickets = nullptr)
      : config_(std::move(config)),
        service_(std::move(service)),
        gate_(process, process_sources, config_),
        shaping_(std::make_shared<Shaping>(config_.limits.bandwidth)),
        tls_(open_tls(config_, std::move(tickets))),
        counters_(std::make_shared<std::vector<ListenerCounters>>(workers)),
        tls_counters_(tls_counters_for(config_.tls.has_value(), nullptr, workers)) {}
  /// The same listener under another configuration.
  Listener(ListenerConfig config, Service service, Admission& process, const SourceTable& process_sources,
           const Listener& before, std::shared_ptr<const tls::TicketKeys> tickets = nullptr)
      : config_(std::move(config)),
        service_(std::move(service)),
        gate_(process, process_sources, config_, &before.gate_),
        shaping_(before.shaping_),
        tls_(open_tls(config_, std::move(tickets))),
        counters_(before.counters_),
        tls_counters_(tls_counters_for(config_.tls.has_value(), before.tls_counters_, counters_->size())) {}
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// Whether both are one listener, perhaps under different configurations.
  bool is_same(const Listener& other) const { return counters_ == other.counters_; }

  const ListenerConfig& config() const { return config_; }
  const Service& service() const { return service_; }
  /// Any thread.
  Gate& gate() { return gate_; }
  /// What is done to its connections' bytes, under every configuration that it has. Any thread.
  Shaping& shaping() const { return *shaping_; }
  /// What TLS is terminated with; null where it is not.
  const std::shared_ptr<tls::Termination>& tls() const { return tls_; }
  /// Whether the first bytes of a client say what becomes of it.
  bool looks_at_first_bytes() const {
    const auto* proxy = std::get_if<ProxyService>(&service_);
    return tls_ != nullptr || (proxy != nullptr && !proxy->routes.empty());
  }
  /// Written by that worker only, read by any thread.
  ListenerCounters& counters(std::size_t worker) { return (*counters_)[worker]; }
  /// Likewise, of its TLS; null where it does not terminate any.
  TlsCounters* tls_counters(std::size_t worker) { return tls_counters_ ? &(*tls_counters_)[worker] : nullptr; }
  /// How many connections ended in this way, over all workers. Any thread.
  std::uint64_t ended(SessionEnd end) const {
    std::uint64_t count = 0;
    for (const ListenerCounters& counters : *counters_) count += counters.ended_as(end);
    return count;
  }
  /// What was counted, over all workers, and who was refused. Any thread.
  void add_to(ListenerSnapshot& total) const {
    for (const ListenerCounters& counters : *counters_) counters.add_to(total);
    gate_.add_refusals(total.refusals);
    if (!tls_counters_) return;
    total.tls.emplace();
    for (const TlsCounters& counters : *tls_counters_) counters.add_to(*total.tls);
  }

 private:
  static std::shared_ptr<tls::Termination> open_tls(const ListenerConfig& config,
                                                    std::shared_ptr<const tls::TicketKeys> tickets) {
    if (!config.tls) return nullptr;
    return std::make_shared<tls::Termination>("listener " + config.name, *config.tls, std::move(tickets));
  }

  const ListenerConfig config_;
  const Service service_;
  Gate gate_;
  const std::shared_ptr<Shaping> shaping_;
  const std::shared_ptr<tls::Termination> tls_;
  const std::shared_ptr<std::vector<ListenerCounters>> counters_;  ///< one for each worker
  const TlsCountersPtr tls_counters_;
};

using ListenerPtr = std::shared_ptr<Listener>;

}  // namespace weir
