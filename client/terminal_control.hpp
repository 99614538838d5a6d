#pragma once

#include "client/report/live.hpp"
#include "client/run_control.hpp"
#include "client/stop_signals.hpp"

namespace weir::load {

/// A person who starts a run: Ctrl-C ends it early, a second one at once; stderr shows how it goes.
class TerminalControl final : public RunControl {
 public:
  explicit TerminalControl(const LoadOptions& options);

  int fd() const override { return signals_.fd(); }
  bool interrupted() override;
  void connecting(double elapsed, std::uint32_t settled, std::uint32_t reached, std::uint32_t asked) override;
  std::optional<Start> wait_for_start(std::uint32_t reached) override;
  void running(const Interval& interval, std::uint32_t open, std::uint64_t failures, double progress,
               const char* phase) override;
  void ended() override { live_.clear(); }

 private:
  const LoadOptions& options_;
  StopSignals signals_;
  LiveReport live_;
  bool interrupted_ = false;
};

}  // namespace weir::load
