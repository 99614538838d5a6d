#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "server/admin/terminal_style.hpp"

namespace weir::admin {

/// What `--watch` shows: the newest answer, or while nobody answers why and since when, above the last one.
class WatchView {
 public:
  using Time = std::chrono::system_clock::time_point;

  std::string answered(std::string text);
  std::string away(std::string_view why, Time now, const TextStyle& style);

 private:
  std::string last_;
  Time since_{};
  bool away_ = false;
};

/// A screen of a text: as many lines as fit, each clearing what stood behind it, drawn over the one before.
std::string screen_of(std::string_view text, std::size_t rows);

/// Draws a frame each second until SIGINT, SIGTERM or SIGHUP, which ends the process with status 0. On a terminal it is
/// drawn in place, and what the terminal showed before comes back, also when `frame` throws; elsewhere frames follow
/// each other. Returns where stdout takes no more.
void watch(const std::function<std::string()>& frame);

}  // namespace weir::admin
