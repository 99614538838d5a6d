#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "common/io/timer_wheel.hpp"
#include "server/config/server_config.hpp"
#include "server/observe/session_record.hpp"

namespace weir {

/// Every time limit of a session: when it is overdue, and why. Policy only: it is told the time, and also the limits,
/// because a pointer to them in each session would cost memory.
class Deadlines {
 public:
  using Time = io::Clock::time_point;

  /// What the session is doing. `lifetime` counts in every stage; the comments say what else does.
  enum class Stage : std::uint8_t {
    header,       ///< `header`, from the stage's begin, and `idle`
    handshake,    ///< `handshake`, from the stage's begin, and `idle`
    connecting,   ///< nothing else: a connect and a queue have time limits of their own
    carrying,     ///< `idle`
    half_closed,  ///< `half_close` and `idle`
    delivering,   ///< `half_close`, from the stage's begin: the other side gets what the failed one had sent
  };

  explicit Deadlines(Time started) : started_(started), last_activity_(started) {}

  Time started() const { return started_; }
  /// When a byte or a FIN last moved, or the stage began.
  Time last_activity() const { return last_activity_; }
  Stage stage() const { return stage_; }
  void enter(Stage stage, Time now) {
    stage_ = stage;
    touch(now);
  }
  /// A byte or a FIN moved.
  void touch(Time now) { last_activity_ = now; }
  /// Whether bytes moved so recently that the connection is in the middle of something.
  bool streaming(Time now) const {
    return last_activity_ != started_ && now - last_activity_ < 2 * io::TimerWheel::kTick;
  }

  /// The earliest time at which something may be overdue; Time::max() if nothing ever is.
  Time next(const TimeoutsConfig& limits) const {
    return std::min(
        {lifetime_end(limits), header_end(limits), handshake_end(limits), half_close_end(limits), idle_end(limits)});
  }

  std::optional<SessionEnd> overdue(const TimeoutsConfig& limits, Time now) const {
    if (now >= header_end(limits)) return SessionEnd::header_timeout;
    if (now >= handshake_end(limits)) return SessionEnd::tls_handshake_timeout;
    if (now >= lifetime_end(limits)) return SessionEnd::lifetime;
    if (now >= half_close_end(limits)) return SessionEnd::half_close_timeout;
    if (now >= idle_end(limits)) return SessionEnd::idle_timeout;
    return std::nullopt;
  }

 private:
  static Time after(Time from, milliseconds limit) { return limit.count() == 0 ? Time::max() : from + limit; }
  Time lifetime_end(const TimeoutsConfig& limits) const { return after(started_, limits.lifetime); }
  Time header_end(const TimeoutsConfig& limits) const {
    return stage_ == Stage::header ? after(last_activity_, limits.header) : Time::max();
  }
  Time handshake_end(const TimeoutsConfig& limits) const {
    return stage_ == Stage::handshake ? after(last_activity_, limits.handshake) : Time::max();
  }
  Time half_close_end(const TimeoutsConfig& limits) const {
    const bool counts = stage_ == Stage::half_closed || stage_ == Stage::delivering;
    return counts ? after(last_activity_, limits.half_close) : Time::max();
  }
  Time idle_end(const TimeoutsConfig& limits) const {
    const bool counts = stage_ != Stage::connecting && stage_ != Stage::delivering;
    return counts ? after(last_activity_, limits.idle) : Time::max();
  }

  Time started_;
  Time last_activity_;
  Stage stage_ = Stage::header;
};

}  // namespace weir
