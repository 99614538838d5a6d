#include "client/stream/stream_numbers.hpp"

#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>

#include "common/units.hpp"

namespace weir::load {

std::string display_bits(double bytes_a_second) {
  static constexpr std::array<const char*, 5> kUnits{"bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"};
  double rate = bytes_a_second * 8;
  std::size_t unit = 0;
  for (; rate >= 999.5 && unit + 1 < kUnits.size(); ++unit) rate /= 1000;
  char text[32];
  std::snprintf(text, sizeof text,
                rate >= 99.95 || unit == 0 ? "%.0f %s"
                : rate >= 9.995            ? "%.1f %s"
                                           : "%.2f %s",
                rate, kUnits[unit]);
  return text;
}

std::string display_microseconds(double microseconds) {
  return display_duration(std::chrono::nanoseconds(std::llround(microseconds * 1000)));
}

double a_second(std::uint64_t bytes, double seconds) { return seconds > 0 ? static_cast<double>(bytes) / seconds : 0; }

}  // namespace weir::load
