#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "common/endpoint.hpp"
#include "common/logging.hpp"
#include "server/config/server_config.hpp"
#include "server/upstream/connect_plan.hpp"

namespace weir {

/// One server of an upstream, resolved.
class Backend {
 public:
  /// Looks the address up; throws std::runtime_error. Control thread.
  explicit Backend(const BackendConfig& config);

  /// The address as configured, for people and records.
  const std::string& name() const { return name_; }
  /// What to connect to, in this order, until one works; never empty.
  const std::vector<Endpoint>& endpoints() const { return endpoints_; }

  /// Says in the log, once a second at most, that a connect failed. Any thread.
  void report_failure(const std::string& upstream, int error);

 private:
  std::string name_;
  std::vector<Endpoint> endpoints_;
  LogLimiter failures_;
};

/// The servers that a proxy listener forwards to. Shared by all workers; any thread.
class Upstream {
 public:
  /// Resolves every server; throws std::runtime_error that names the one that failed. Control thread.
  explicit Upstream(const UpstreamConfig& config);

  const UpstreamConfig& config() const { return config_; }
  Backend& server(std::size_t index) { return servers_[index]; }

  /// The order in which a new connection tries the servers: round robin, exact over all workers.
  ConnectPlan plan_connect() {
    return {config_.connect, servers_.size(), next_.fetch_add(1, std::memory_order_relaxed) % servers_.size()};
  }

 private:
  const UpstreamConfig& config_;
  std::deque<Backend> servers_;
  std::atomic<std::size_t> next_{0};
};

}  // namespace weir
