#pragma once

#include <cstdint>
#include <string>

namespace weir::load {

/// A rate in decimal bits, three significant digits, as links are sold: `9.41 Gbit/s`.
std::string display_bits(double bytes_a_second);
/// Microseconds as a duration for people: `45.0 us`.
std::string display_microseconds(double microseconds);
/// Bytes a second, 0 where no time passed.
double a_second(std::uint64_t bytes, double seconds);

}  // namespace weir::load
