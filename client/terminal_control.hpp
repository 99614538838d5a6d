#pragma once

#include "client/metrics/live_metrics.hpp"
#include "client/report/live.hpp"
#include "client/run_control.hpp"
#include "client/stop_signals.hpp"

namespace weir::load {

/// A person who starts a run: Ctrl-C ends it early, a second one at once; stderr shows how it goes, and so do the
/// metrics where there are some.
class TerminalControl : public RunControl {
 public:
  explicit TerminalControl(const LoadOptions& options, LiveMetrics* metrics = nullptr);

  int fd() const override { return signals_.fd(); }
  bool interrupted() override;
  void connecting(double elapsed, std::uint32_t settled, std::uint32_t reached, std::uint32_t asked) override;
  std::optional<Start> wait_for_start(std::uint32_t reached) override;
  void running(const Interval& interval, std::uint32_t open, std::uint64_t failures, double progress,
               const char* phase) override;
  void collected(const WorkerStats& news, std::uint32_t open) override;
  void ended() override;

 private:
  const LoadOptions& options_;
  StopSignals signals_;
  LiveReport live_;
  LiveMetrics* const metrics_;
  bool interrupted_ = false;
};

}  // namespace weir::load
