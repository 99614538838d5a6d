#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "client/report/live.hpp"
#include "client/run_control.hpp"
#include "client/stop_signals.hpp"

namespace weir::load {

/// A person who starts a series of runs: Ctrl-C ends the series, a second one at once; stderr shows which run it is.
class StepControl final : public RunControl {
 public:
  explicit StepControl(bool quiet);

  /// What is shown beside the figures of the run that comes next: `A 3/20`. `done` is the share of the series before
  /// it, `share` that of the run itself.
  void next(std::string name, double done, double share);

  int fd() const override { return signals_.fd(); }
  bool interrupted() override;
  void connecting(double elapsed, std::uint32_t settled, std::uint32_t reached, std::uint32_t asked) override;
  std::optional<Start> wait_for_start(std::uint32_t reached) override;
  void running(const Interval& interval, std::uint32_t open, std::uint64_t failures, double progress,
               const char* phase) override;
  void ended() override { live_.clear(); }

 private:
  StopSignals signals_;
  LiveReport live_;
  std::string name_;
  double done_ = 0;
  double share_ = 0;
  bool interrupted_ = false;
};

}  // namespace weir::load
