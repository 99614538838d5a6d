#include "client/run_control.hpp"

#include <chrono>

namespace weir::load {

namespace {

/// What threads need to hear of the start: requests that were due before they could know would count as late.
constexpr std::chrono::milliseconds kNotice{5};

}  // namespace

io::Clock::time_point start_time(const LoadOptions& options) {
  using namespace std::chrono;
  const io::Clock::time_point now = io::Clock::now();
  // In a closed loop a connection begins when it hears of it.
  const io::Clock::time_point soonest = options.is_open_loop() ? now + kNotice : now;
  if (!options.start_at) return soonest;
  return std::max(soonest, now + duration_cast<io::Clock::duration>(*options.start_at - system_clock::now()));
}

}  // namespace weir::load
