#include "client/compare/words.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cmath>

#include "common/units.hpp"

namespace weir::load {

namespace {

/// What is longer than this is long, whatever it is.
constexpr double kMostShown = 999;

std::string signed_figure(double percent) {
  const double size = std::abs(percent);
  if (size < 0.05) return "0.0";
  if (percent > kMostShown) return fmt::format(">{:+.0f}", kMostShown);
  return fmt::format("{:+.{}f}", percent, size < 9.95 ? 1 : 0);
}

}  // namespace

std::string signed_percent(double change) { return signed_figure(change * 100) + " %"; }

std::string signed_duration(double nanoseconds) {
  const auto size = std::chrono::nanoseconds(std::llround(std::abs(nanoseconds)));
  return (nanoseconds < 0 ? "-" : "+") + display_duration(size);
}

std::string range_of_changes(double low, double high) {
  return fmt::format("{} to {} %", signed_figure(low * 100), signed_figure(high * 100));
}

std::string range_of_times(double low, double high) {
  return fmt::format("{} to {}", signed_duration(low), signed_duration(high));
}

}  // namespace weir::load
