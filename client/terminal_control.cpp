#include "client/terminal_control.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

namespace weir::load {

TerminalControl::TerminalControl(const LoadOptions& options, LiveMetrics* metrics)
    : options_(options), live_(LiveLine::style_for_stderr(options.quiet)), metrics_(metrics) {}

bool TerminalControl::interrupted() {
  const int taken = signals_.take();
  if (taken > 1 || (taken == 1 && interrupted_)) {
    live_.clear();
    ::_exit(1);
  }
  interrupted_ = interrupted_ || taken != 0;
  return interrupted_;
}

void TerminalControl::connecting(double elapsed, std::uint32_t settled, std::uint32_t reached, std::uint32_t asked) {
  if (metrics_ != nullptr) metrics_->connected(reached);
  live_.connecting(elapsed, settled, reached, asked);
}

std::optional<Start> TerminalControl::wait_for_start(std::uint32_t reached) {
  if (metrics_ != nullptr) metrics_->connected(reached);
  const Start start{start_time(options_), {0, reached}};
  const io::Clock::time_point announced = start.begin - kStartNotice;
  while (options_.start_at && io::Clock::now() < announced) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(announced - io::Clock::now()).count();
    pollfd waiting{fd(), POLLIN, 0};
    ::poll(&waiting, 1, static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000)));
    if (interrupted()) return std::nullopt;
  }
  if (metrics_ != nullptr) metrics_->enter(options_.warmup.count() == 0 ? LoadPhase::measuring : LoadPhase::warmup);
  return start;
}

void TerminalControl::running(const Interval& interval, std::uint32_t open, std::uint64_t failures, double progress,
                              const char* phase) {
  if (metrics_ != nullptr && !std::string_view(phase).starts_with("warmup")) metrics_->enter(LoadPhase::measuring);
  live_.running(interval, open, failures, progress, phase);
}

void TerminalControl::collected(const WorkerStats& news, std::uint32_t open) {
  if (metrics_ != nullptr) metrics_->add(news, open);
}

void TerminalControl::ended() {
  if (metrics_ != nullptr) metrics_->enter(LoadPhase::ended);
  live_.clear();
}

}  // namespace weir::load
