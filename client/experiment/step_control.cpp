#include "client/experiment/step_control.hpp"

#include <algorithm>

namespace weir::load {

void StepControl::next(std::string name, double done, double share) {
  name_ = std::move(name);
  done_ = done;
  share_ = share;
}

void StepControl::running(const Interval& interval, std::uint32_t open, std::uint64_t failures, double progress,
                          const char* /*phase*/) {
  TerminalControl::running(interval, open, failures, done_ + share_ * std::clamp(progress, 0.0, 1.0), name_.c_str());
}

}  // namespace weir::load
