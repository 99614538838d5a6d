#pragma once

#include <cstdint>
#include <mutex>
#include <string>

#include "client/load_options.hpp"
#include "client/metrics/live_figures.hpp"

namespace weir::load {

enum class LoadPhase : std::uint8_t { connecting, warmup, measuring, ended };

/// The figures of a run that goes on, for those who ask for them meanwhile: the main thread puts them in, any thread
/// reads them as Prometheus' text.
class LiveMetrics {
 public:
  /// The options must outlive it.
  explicit LiveMetrics(const LoadOptions& options) : options_(options) {}

  void enter(LoadPhase phase);
  /// So many connections stand.
  void connected(std::uint32_t reached);
  /// What was found since the last time, and how many connections are open.
  void add(const WorkerStats& news, std::uint32_t open);
  /// All that is known.
  void set(const LiveFigures& figures);

  std::string text() const;

 private:
  const LoadOptions& options_;
  mutable std::mutex mutex_;
  LoadPhase phase_ = LoadPhase::connecting;
  LiveFigures figures_;
};

/// The metrics of a run, which docs/load-testing.md describes, in Prometheus' text format.
std::string metrics_text(const LoadOptions& options, LoadPhase phase, const LiveFigures& figures);

}  // namespace weir::load
