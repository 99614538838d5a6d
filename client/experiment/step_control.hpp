#pragma once

#include <cstdint>
#include <string>

#include "client/terminal_control.hpp"

namespace weir::load {

/// A person who starts a series of runs: Ctrl-C ends the series, a second one at once; stderr shows which run it is.
class StepControl final : public TerminalControl {
 public:
  /// Of runs of this plan, which has no time at which to start.
  explicit StepControl(const LoadOptions& plan) : TerminalControl(plan) {}

  /// What is shown beside the figures of the run that comes next: `A 3/20`. `done` is the share of the series before
  /// it, `share` that of the run itself.
  void next(std::string name, double done, double share);

  void running(const Interval& interval, std::uint32_t open, std::uint64_t failures, double progress,
               const char* phase) override;

 private:
  std::string name_;
  double done_ = 0;
  double share_ = 0;
};

}  // namespace weir::load
