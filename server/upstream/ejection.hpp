#pragma once

#include <algorithm>
#include <cstdint>

#include "common/io/timer_wheel.hpp"
#include "server/config/server_config.hpp"

namespace weir {

/// Passive checking of one backend: `eject.failures` connect failures in a row leave it out for a while, and each
/// further failure once it is back doubles that time, up to a bound. Policy only: it is told the time.
class Ejection {
 public:
  using Time = io::Clock::time_point;

  /// The longest ejection, as a multiple of `eject.for`.
  static constexpr std::uint32_t kLongest = 32;

  bool is_ejected(Time now) const { return now < until_; }
  /// When it comes back.
  Time until() const { return until_; }

  /// Whether one more failure now would eject it.
  bool is_due(const EjectConfig& config, Time now) const {
    return config.failures > 0 && !is_ejected(now) && failures_ + 1 >= config.failures;
  }

  /// A connect failed. Returns whether that ejects the backend; `may_eject` false only counts.
  bool failed(const EjectConfig& config, Time now, bool may_eject) {
    if (config.failures == 0 || is_ejected(now)) return false;  // attempts that were under way say nothing new
    const bool due = is_due(config, now);
    failures_ = std::min(failures_ + 1, config.failures);
    if (!due || !may_eject) return false;
    until_ = now + config.duration * times_;
    times_ = std::min(times_ * 2, kLongest);
    return true;
  }

  /// A connect succeeded, so that it is as good as new.
  void succeeded() { *this = Ejection(); }

 private:
  std::uint32_t failures_ = 0;
  std::uint32_t times_ = 1;
  Time until_{};
};

}  // namespace weir
