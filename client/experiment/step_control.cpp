#include "client/experiment/step_control.hpp"

#include <unistd.h>

#include <algorithm>

namespace weir::load {

StepControl::StepControl(bool quiet) : live_(LiveLine::style_for_stderr(quiet)) {}

void StepControl::next(std::string name, double done, double share) {
  name_ = std::move(name);
  done_ = done;
  share_ = share;
}

bool StepControl::interrupted() {
  const int taken = signals_.take();
  if (taken > 1 || (taken == 1 && interrupted_)) {
    live_.clear();
    ::_exit(1);
  }
  interrupted_ = interrupted_ || taken != 0;
  return interrupted_;
}

void StepControl::connecting(double elapsed, std::uint32_t settled, std::uint32_t reached, std::uint32_t asked) {
  live_.connecting(elapsed, settled, reached, asked);
}

std::optional<Start> StepControl::wait_for_start(std::uint32_t reached) {
  return Start{io::Clock::now() + kStartNotice, {0, reached}};
}

void StepControl::running(const Interval& interval, std::uint32_t open, std::uint64_t failures, double progress,
                          const char* /*phase*/) {
  live_.running(interval, open, failures, done_ + share_ * std::clamp(progress, 0.0, 1.0), name_.c_str());
}

}  // namespace weir::load
