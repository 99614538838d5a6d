#pragma once

#include "client/message_line.hpp"
#include "client/metrics/live_figures.hpp"
#include "client/run_control.hpp"

namespace weir::load {

/// What steers a process that does a share of a run: the process that started it. The end of that one ends the run.
class ParentControl final : public RunControl {
 public:
  /// With `metrics` the parent hears all figures that metrics are made from.
  explicit ParentControl(MessageLine& parent, bool metrics = false) : parent_(parent), metrics_(metrics) {}

  int fd() const override { return parent_.fd(); }
  bool interrupted() override;
  void connecting(double elapsed, std::uint32_t settled, std::uint32_t reached, std::uint32_t asked) override;
  std::optional<Start> wait_for_start(std::uint32_t reached) override;
  void running(const Interval& interval, std::uint32_t open, std::uint64_t failures, double progress,
               const char* phase) override;
  void collected(const WorkerStats& news, std::uint32_t open) override;
  void ended() override {}

 private:
  void take();

  MessageLine& parent_;
  const bool metrics_;
  LiveFigures figures_;
  bool interrupted_ = false;
  std::optional<Start> start_;
};

}  // namespace weir::load
