#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

/// Durations, sizes and counts as people write them, in configuration and on command lines.
///
/// Each parser throws std::invalid_argument whose text says what is wrong with the value and shows a right one.
namespace weir {

/// No duration is longer than this (ten years), so that sums of deadlines cannot overflow.
inline constexpr std::chrono::hours kLongestDuration{24 * 365 * 10};

/// `250ms`, `5s`, `10m`, `1h`, fractions like `1.5s`, and a bare `0`. Microseconds (`us`) are the smallest unit; a
/// number without a unit, a negative one and more than kLongestDuration are refused.
std::chrono::microseconds parse_duration(std::string_view text);

/// A number of bytes: `64`, `64KiB`, `1MiB`, `2GiB`; `k`, `m`, `g` (and `kB`, `MB`, `GB`) are accepted as the same
/// binary multiples, in any case; `1.5MiB` is fine, half a byte is not.
std::uint64_t parse_size(std::string_view text);

/// The shortest text that parse_size() reads back to the same value: `64KiB`, `100`.
std::string format_size(std::uint64_t bytes);

/// A number of things: `10`, `10k` (thousands), `1m` (millions).
std::uint64_t parse_count(std::string_view text);

/// A number of events per period; 0 means no limit.
struct Rate {
  std::uint32_t count = 0;
  std::chrono::milliseconds period{1000};

  bool operator==(const Rate&) const = default;
};

/// `100/s`, `5k/s`, `30/m`, `10/h`, and a bare `0`, which is no limit.
Rate parse_rate(std::string_view text);

/// The text that parse_rate() reads back: `100/s`, `0`.
std::string format_rate(const Rate& rate);

/// No rate of bytes is greater than this, 1000GB/s.
inline constexpr std::uint64_t kFastestByteRate = 1'000'000'000'000;

/// Bytes a second: `100KB/s`, `1MiB/s`, `10m/s`, `1.5GB/s`, and a bare `0`. As networks count, and unlike sizes, a
/// kilobyte (`k`, `KB`) is 1000 bytes, a megabyte (`m`, `MB`) 1000 of those, and so on; `KiB`, `MiB` and `GiB` are the
/// binary multiples. Any case.
std::uint64_t parse_byte_rate(std::string_view text);

/// The text that parse_byte_rate() reads back: `100KB/s`, `1MiB/s`, `0`.
std::string format_byte_rate(std::uint64_t rate);

/// The shortest text that parse_duration() reads back to the same value: `30s`, `1500ms`, `0s`.
std::string format_duration(std::chrono::microseconds duration);

/// For reports, three significant digits: `843 us`, `1.52 ms`, `12.0 s`, `20.5 min`.
std::string display_duration(std::chrono::nanoseconds duration);

/// For reports, three significant digits with binary units: `512 B`, `1.50 KiB`, `2.00 GiB`.
std::string display_size(std::uint64_t bytes);

}  // namespace weir
