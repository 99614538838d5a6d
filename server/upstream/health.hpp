#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "server/config/server_config.hpp"

namespace weir {

/// Whether a backend is up, by the outcomes of its checks: `fall` failures in a row take it down, `rise` successes in a
/// row bring it back. Of one of which nothing is known the first check alone decides. Policy only.
class Health {
 public:
  /// `known` is what earlier checks found, if there were any.
  explicit Health(const HealthConfig& config, std::optional<bool> known = std::nullopt)
      : fall_(config.fall), rise_(config.rise), up_(known.value_or(true)), first_(!known) {}

  bool up() const { return up_; }

  /// Takes the outcome of a check. Returns whether it changed up().
  bool observe(bool passed) {
    const std::uint32_t needed = first_ ? 1 : up_ ? fall_ : rise_;
    first_ = false;
    against_ = passed == up_ ? 0 : against_ + 1;
    if (against_ < needed) return false;
    up_ = passed;
    against_ = 0;
    return true;
  }

 private:
  const std::uint32_t fall_;
  const std::uint32_t rise_;
  bool up_;
  bool first_;
  std::uint32_t against_ = 0;  ///< outcomes in a row that speak against up_
};

/// The pause before a backend's next check: the interval, or up to a tenth less (`chance` 0) or more (`chance` 1), so
/// that many daemons, or many backends of one, are not checked in step.
inline std::chrono::nanoseconds pause_before_check(const HealthConfig& config, double chance) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(config.interval * (0.9 + 0.2 * chance));
}

}  // namespace weir
