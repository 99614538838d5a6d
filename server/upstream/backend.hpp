#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "common/endpoint.hpp"
#include "common/io/timer_wheel.hpp"
#include "common/logging.hpp"
#include "server/config/server_config.hpp"
#include "server/upstream/ejection.hpp"

namespace weir {

class Upstream;

/// One server of an upstream, resolved.
class Backend {
 public:
  /// Looks the address up; throws std::runtime_error. Control thread.
  Backend(const BackendConfig& config, Upstream& upstream);

  const BackendConfig& config() const { return config_; }
  /// The address as configured, for people and records.
  const std::string& name() const { return name_; }
  /// What to connect to, in this order, until one works; never empty.
  const std::vector<Endpoint>& endpoints() const { return endpoints_; }

  /// How often all its connections were to be cut: one that began at another count must end. Any thread.
  std::uint32_t cuts() const { return cuts_.load(std::memory_order_relaxed); }

  /// Says in the log, once a second at most, that a connect failed. Any thread.
  void report_failure(int error);

 private:
  friend class Upstream;
  friend struct LeaseRelease;

  const BackendConfig& config_;
  Upstream& upstream_;
  std::string name_;
  std::vector<Endpoint> endpoints_;
  LogLimiter failures_;
  std::atomic<std::uint32_t> cuts_{0};  ///< times that all its connections were to be cut
  std::atomic<bool> failing_{false};    ///< the last connect failed; spares those that succeed the mutex

  // Under the upstream's mutex.
  std::uint32_t active_ = 0;
  bool up_ = true;
  Ejection ejection_;
  io::Clock::time_point warm_since_ = io::Clock::time_point::min();  ///< slow start began, or will
};

}  // namespace weir
