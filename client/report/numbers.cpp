#include "client/report/numbers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "common/counted.hpp"

namespace weir::load {

std::string display_rate(double rate) {
  if (rate >= 99.95) return grouped(static_cast<std::uint64_t>(std::llround(rate)));
  char text[32];
  std::snprintf(text, sizeof text, rate >= 9.995 ? "%.1f" : "%.2f", rate);
  return text;
}

std::string display_percent(double share) { return fmt::format("{} %", std::lround(share * 100)); }

std::string plain_percent(double share) { return fmt::format("{:.3g} %", share * 100); }

std::string bar(double share, int width) {
  static constexpr const char* kParts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const int eighths = static_cast<int>(std::lround(std::clamp(share, 0.0, 1.0) * width * 8));
  std::string text;
  for (int i = 0; i < eighths / 8; ++i) text += "█";
  text += kParts[eighths % 8];
  text.append(static_cast<std::size_t>(width - (eighths + 7) / 8), ' ');
  return text;
}

std::string right(const std::string& text, int width) {
  const auto columns = static_cast<std::size_t>(width);
  return text.size() >= columns ? text : std::string(columns - text.size(), ' ') + text;
}

}  // namespace weir::load
