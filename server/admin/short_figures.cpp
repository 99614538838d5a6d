#include "server/admin/short_figures.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace weir::admin {

std::string short_size(double bytes) {
  constexpr std::array<const char*, 5> kUnits{"", "K", "M", "G", "T"};
  std::size_t unit = 0;
  double value = bytes;
  // What would be rounded to 1024 belongs to the next unit.
  while (unit + 1 < kUnits.size() && std::round(value) >= 1024) {
    value /= 1024;
    ++unit;
  }
  const bool decimal = unit > 0 && value < 9.95;
  return fmt::format("{:.{}f}{}", value, decimal ? 1 : 0, kUnits[unit]);
}

std::string short_duration(std::chrono::milliseconds duration) {
  const auto ms = duration.count();
  if (ms < 1000) return fmt::format("{}ms", ms);
  if (ms < 10'000 && ms / 100 % 10 != 0) return fmt::format("{}.{}s", ms / 1000, ms / 100 % 10);
  const auto seconds = ms / 1000;
  if (seconds < 60) return fmt::format("{}s", seconds);
  const auto minutes = seconds / 60;
  if (minutes < 60) return fmt::format("{}m", minutes);
  const auto hours = minutes / 60;
  if (hours < 24) return minutes % 60 == 0 ? fmt::format("{}h", hours) : fmt::format("{}h{}m", hours, minutes % 60);
  return hours % 24 == 0 ? fmt::format("{}d", hours / 24) : fmt::format("{}d{}h", hours / 24, hours % 24);
}

std::string short_rate(double rate) {
  if (rate == 0) return "0";
  return fmt::format("{:.{}f}", rate, rate < 9.95 ? 1 : 0);
}

std::string bound_duration(double seconds) {
  if (seconds < 0.001) return fmt::format("{:g} us", seconds * 1e6);
  if (seconds < 1) return fmt::format("{:g} ms", seconds * 1e3);
  return fmt::format("{:g} s", seconds);
}

std::string counted(double count, const std::string& thing) {
  return fmt::format("{:.0f} {}{}", count, thing, count == 1 ? "" : "s");
}

}  // namespace weir::admin
