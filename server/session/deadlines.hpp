#pragma once

#include <algorithm>
#include <optional>

#include "common/io/timer_wheel.hpp"
#include "server/config/server_config.hpp"
#include "server/observe/session_record.hpp"

namespace weir {

/// When a session is overdue, and of what. Policy only: it is told the time.
class Deadlines {
 public:
  using Time = io::Clock::time_point;

  Deadlines(const TimeoutsConfig& timeouts, Time started)
      : timeouts_(&timeouts), started_(started), last_activity_(started) {}

  /// A byte or a FIN moved.
  void touch(Time now) { last_activity_ = now; }
  /// One side sent its FIN: from now on `half_close` counts as well as `idle`.
  void half_close(Time now) {
    half_closed_ = true;
    touch(now);
  }
  bool half_closed() const { return half_closed_; }
  /// Whether bytes moved so lately that the connection is in the middle of something.
  bool streaming(Time now) const {
    return last_activity_ != started_ && now - last_activity_ < 2 * io::TimerWheel::kTick;
  }

  /// The next moment at which something may be overdue; the far future when nothing ever is.
  Time next() const { return std::min({lifetime_end(), idle_end(), half_close_end()}); }
  /// When the whole connection must end, whatever moves.
  Time lifetime_end() const { return after(started_, timeouts_->lifetime); }

  std::optional<SessionEnd> overdue(Time now) const {
    if (now >= lifetime_end()) return SessionEnd::lifetime;
    if (now >= half_close_end()) return SessionEnd::half_close_timeout;
    if (now >= idle_end()) return SessionEnd::idle_timeout;
    return std::nullopt;
  }

 private:
  static Time after(Time from, milliseconds limit) { return limit.count() == 0 ? Time::max() : from + limit; }
  Time idle_end() const { return after(last_activity_, timeouts_->idle); }
  Time half_close_end() const { return half_closed_ ? after(last_activity_, timeouts_->half_close) : Time::max(); }

  const TimeoutsConfig* timeouts_;
  Time started_;
  Time last_activity_;
  bool half_closed_ = false;
};

}  // namespace weir
