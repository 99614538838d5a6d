#pragma once

#include <algorithm>

#include "common/io/timer_wheel.hpp"
#include "server/config/server_config.hpp"

namespace weir {

/// Enforces a rate: `count` at once after a pause, and `count` in each `period` from then on. Its state is one point in
/// time (the generic cell rate algorithm, ITU-T I.371). Policy only: it is told the time.
class TokenBucket {
 public:
  using Time = io::Clock::time_point;

  /// Whether one more may pass now; if so, counts it.
  bool admit(const Rate& rate, Time now) {
    if (rate.count == 0) return true;
    const auto interval = std::chrono::duration_cast<Time::duration>(rate.period) / rate.count;
    // Not later than a bucket that is just empty, which it may be by an earlier, slower rate.
    const Time due = std::clamp(due_, now, now + rate.period);
    if (due - now > rate.period - interval) return false;
    due_ = due + interval;
    return true;
  }

  /// When the bucket is full, and so is as good as new.
  Time full_at() const { return due_; }

 private:
  Time due_{};  ///< when the bucket will be full again
};

}  // namespace weir
