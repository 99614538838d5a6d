#pragma once

#include <cstdint>
#include <optional>

#include "client/report/load_result.hpp"
#include "client/worker_context.hpp"

namespace weir::load {

/// When a run's load begins, and where its connections stand in the plan.
struct Start {
  io::Clock::time_point begin;
  Ranks ranks;
};

/// When the load of a run begins whose connections stand now: at the time that was asked for, or as soon as every
/// thread can have heard of it.
io::Clock::time_point start_time(const LoadOptions& options);

/// How long before the begin of the load those who take part should hear of it at the latest.
inline constexpr std::chrono::milliseconds kStartNotice{50};

/// Who steers a run and hears how it goes: a person at a terminal, or the process that this one is a part of. The run's
/// main thread.
class RunControl {
 public:
  virtual ~RunControl() = default;

  /// Becomes readable when interrupted() has something to look at.
  virtual int fd() const = 0;
  /// Whether the run is to end early.
  virtual bool interrupted() = 0;

  virtual void connecting(double elapsed, std::uint32_t settled, std::uint32_t reached, std::uint32_t asked) = 0;
  /// The connections stand, `reached` of them. Waits for the start; nothing when the run is to end before.
  virtual std::optional<Start> wait_for_start(std::uint32_t reached) = 0;
  /// `progress` is 0 to 1, or negative when the end is not known.
  virtual void running(const Interval& interval, std::uint32_t open, std::uint64_t failures, double progress,
                       const char* phase) = 0;
  /// What all workers found since the last time, each interval and once more when nothing is left to find.
  virtual void collected(const WorkerStats& /*news*/, std::uint32_t /*open*/) {}
  /// The load is over.
  virtual void ended() = 0;
};

}  // namespace weir::load
