#include "common/units.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <optional>
#include <span>
#include <stdexcept>

#include "common/refuse.hpp"

namespace weir {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array<Unit, 5> kDurationUnits{{
    {"us", 1},
    {"ms", 1000},
    {"s", 1000 * 1000},
    {"m", 60ull * 1000 * 1000},
    {"h", 3600ull * 1000 * 1000},
}};

constexpr std::array<Unit, 15> kSizeUnits{{
    {"", 1},
    {"b", 1},
    {"k", 1ull << 10},
    {"kb", 1ull << 10},
    {"kib", 1ull << 10},
    {"m", 1ull << 20},
    {"mb", 1ull << 20},
    {"mib", 1ull << 20},
    {"g", 1ull << 30},
    {"gb", 1ull << 30},
    {"gib", 1ull << 30},
    {"t", 1ull << 40},
    {"tb", 1ull << 40},
    {"tib", 1ull << 40},
    {"bytes", 1},
}};

constexpr std::array<Unit, 5> kShownSizeUnits{
    {{"", 1}, {"KiB", 1ull << 10}, {"MiB", 1ull << 20}, {"GiB", 1ull << 30}, {"TiB", 1ull << 40}}};

constexpr std::array<Unit, 11> kByteRateUnits{{
    {"", 1},
    {"b", 1},
    {"k", 1000},
    {"kb", 1000},
    {"kib", 1ull << 10},
    {"m", 1000 * 1000},
    {"mb", 1000 * 1000},
    {"mib", 1ull << 20},
    {"g", 1000 * 1000 * 1000},
    {"gb", 1000 * 1000 * 1000},
    {"gib", 1ull << 30},
}};

constexpr std::array<Unit, 7> kShownByteRateUnits{{{"B", 1},
                                                   {"KB", 1000},
                                                   {"KiB", 1ull << 10},
                                                   {"MB", 1000 * 1000},
                                                   {"MiB", 1ull << 20},
                                                   {"GB", 1000 * 1000 * 1000},
                                                   {"GiB", 1ull << 30}}};

constexpr std::array<Unit, 3> kCountUnits{{{"", 1}, {"k", 1000}, {"m", 1000 * 1000}}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// A decimal number without sign or exponent, kept exact: `whole` + `fraction` / `scale`.
struct Number {
  std::uint64_t whole = 0;
  std::uint64_t fraction = 0;
  std::uint64_t scale = 1;
  std::string_view unit;
};

/// Nothing when the text doesn't begin with a number, or with one of more than 19 digits or 9 decimals.
std::optional<Number> split_number(std::string_view text) {
  Number number;
  std::size_t end = 0;
  while (end < text.size() && is_digit(text[end])) ++end;
  if (end == 0 || end > 19) return std::nullopt;
  for (const char digit : text.substr(0, end))
    number.whole = number.whole * 10 + static_cast<std::uint64_t>(digit - '0');
  if (end < text.size() && text[end] == '.') {
    const std::size_t begin = ++end;
    while (end < text.size() && is_digit(text[end])) {
      number.fraction = number.fraction * 10 + static_cast<std::uint64_t>(text[end++] - '0');
      number.scale *= 10;
      if (end - begin > 9) return std::nullopt;
    }
    if (end == begin) return std::nullopt;
  }
  while (end < text.size() && text[end] == ' ') ++end;
  number.unit = text.substr(end);
  return number;
}

std::optional<std::uint64_t> factor_of(std::span<const Unit> units, std::string_view name) {
  for (const Unit& unit : units) {
    if (unit.name == name) return unit.factor;
  }
  return std::nullopt;
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

/// The number times its unit, at most `limit`. Nothing when that is too large; `whole` says whether it came out even.
std::optional<std::uint64_t> multiply(const Number& number, std::uint64_t factor, std::uint64_t limit, bool& whole) {
  if (number.whole > limit / factor) return std::nullopt;
  const std::uint64_t value = number.whole * factor;
  // fraction < 10^9 and factor < 2^41 don't fit together in 64 bits, so the factor is divided first.
  const std::uint64_t part =
      factor / number.scale * number.fraction + factor % number.scale * number.fraction / number.scale;
  whole = factor % number.scale * number.fraction % number.scale == 0;
  if (part > limit - value) return std::nullopt;
  return value + part;
}

std::uint64_t parse_multiple(std::string_view text, std::span<const Unit> units, const std::string& right) {
  if (text.starts_with('-')) refuse(text, "is negative; " + right);
  const std::optional<Number> number = split_number(text);
  if (!number) refuse(text, "is not a number; " + right);
  const std::optional<std::uint64_t> factor = factor_of(units, lower_case(number->unit));
  if (!factor) refuse(text, "has the unknown unit " + in_quotes(number->unit) + "; " + right);
  bool whole = true;
  const std::optional<std::uint64_t> value =
      multiply(*number, *factor, std::numeric_limits<std::uint64_t>::max() / 2, whole);
  if (!value) refuse(text, "is too large");
  if (!whole) refuse(text, "is not a whole number; " + right);
  return *value;
}

/// In the greatest unit in which it is a whole number.
std::string format_multiple(std::uint64_t value, std::span<const Unit> units) {
  std::size_t at = units.size() - 1;
  while (value % units[at].factor != 0) --at;
  return std::to_string(value / units[at].factor) + std::string(units[at].name);
}

/// Three significant digits, in the first unit in which fewer than `step` are needed.
std::string display(double value, std::span<const Unit> units) {
  std::size_t at = 0;
  for (;;) {
    const double scaled = value / static_cast<double>(units[at].factor);
    const int decimals = at == 0 || scaled >= 99.95 ? 0 : scaled >= 9.995 ? 1 : 2;
    const bool last = at + 1 == units.size();
    const double step = last ? 0 : static_cast<double>(units[at + 1].factor) / static_cast<double>(units[at].factor);
    // What would be printed as a full thousand (or 1024) belongs to the next unit.
    const double most = step > 1000 ? step : 1000;
    if (last || std::round(scaled) < most) {
      char text[64];
      std::snprintf(text, sizeof text, "%.*f ", decimals, scaled);
      return text + std::string(units[at].name);
    }
    ++at;
  }
}

}  // namespace

std::chrono::microseconds parse_duration(std::string_view text) {
  static const std::string right = "write a duration as 250ms, 5s, 10m or 1h";
  if (text == "0") return std::chrono::microseconds(0);
  if (text.empty()) throw std::invalid_argument("is empty; " + right);
  if (text.front() == '-') refuse(text, "is negative; " + right);
  const std::optional<Number> number = split_number(text);
  if (!number) refuse(text, "is not a duration; " + right);
  if (number->unit.empty()) refuse(text, "has no unit; " + right);
  const std::optional<std::uint64_t> factor = factor_of(kDurationUnits, number->unit);
  if (!factor) refuse(text, "has the unknown unit " + in_quotes(number->unit) + "; " + right);
  constexpr auto kLimit = static_cast<std::uint64_t>(std::chrono::microseconds(kLongestDuration).count());
  bool whole = true;
  const std::optional<std::uint64_t> value = multiply(*number, *factor, kLimit, whole);
  if (!value) refuse(text, "is longer than ten years; write 0 for no limit");
  if (!whole) refuse(text, "is finer than a microsecond");
  return std::chrono::microseconds(static_cast<std::int64_t>(*value));
}

std::uint64_t parse_size(std::string_view text) {
  return parse_multiple(text, kSizeUnits, "write a size as 64, 64KiB, 1MiB or 2GiB");
}

std::string format_size(std::uint64_t bytes) { return bytes == 0 ? "0" : format_multiple(bytes, kShownSizeUnits); }

std::uint64_t parse_count(std::string_view text) {
  return parse_multiple(text, kCountUnits, "write a count as 10, 10k or 1m");
}

Rate parse_rate(std::string_view text) {
  constexpr std::string_view kRemedy = "; write a rate as 100/s, 30/m or 10/h, or 0 for no limit";
  if (text == "0") return {0, std::chrono::seconds(1)};
  const std::size_t slash = text.find('/');
  const std::string_view unit = slash == std::string_view::npos ? "" : text.substr(slash + 1);
  std::chrono::milliseconds period{0};
  if (unit == "s") period = std::chrono::seconds(1);
  if (unit == "m") period = std::chrono::minutes(1);
  if (unit == "h") period = std::chrono::hours(1);
  if (period.count() == 0) throw std::invalid_argument(in_quotes(text) + " is not a rate" + std::string(kRemedy));
  std::uint64_t count = 0;
  try {
    count = parse_count(text.substr(0, slash));
  } catch (const std::invalid_argument&) {
    throw std::invalid_argument(in_quotes(text) + " is not a rate" + std::string(kRemedy));
  }
  if (count > 1'000'000'000) throw std::invalid_argument(in_quotes(text) + " is too fast; 1000m/s is the most");
  return {static_cast<std::uint32_t>(count), period};
}

std::string format_rate(const Rate& rate) {
  if (rate.count == 0) return "0";
  const char* unit = rate.period == std::chrono::hours(1) ? "/h" : rate.period == std::chrono::minutes(1) ? "/m" : "/s";
  return std::to_string(rate.count) + unit;
}

std::uint64_t parse_byte_rate(std::string_view text) {
  static const std::string right = "write bytes a second as 100KB/s or 1MiB/s";
  constexpr std::string_view kPerSecond = "/s";
  if (text == "0") return 0;
  if (!text.ends_with(kPerSecond)) refuse(text, "is not a rate of bytes; " + right);
  const std::uint64_t rate = parse_multiple(text.substr(0, text.size() - kPerSecond.size()), kByteRateUnits, right);
  if (rate > kFastestByteRate) refuse(text, "is too fast; 1000GB/s is the most");
  return rate;
}

std::string format_byte_rate(std::uint64_t rate) {
  return rate == 0 ? "0" : format_multiple(rate, kShownByteRateUnits) + "/s";
}

std::string format_duration(std::chrono::microseconds duration) {
  const std::int64_t count = duration.count();
  if (count == 0) return "0s";
  for (std::size_t at = kDurationUnits.size(); at-- > 0;) {
    const auto factor = static_cast<std::int64_t>(kDurationUnits[at].factor);
    if (count % factor == 0) return std::to_string(count / factor) + std::string(kDurationUnits[at].name);
  }
  return std::to_string(count) + "us";
}

std::string display_duration(std::chrono::nanoseconds duration) {
  static constexpr std::array<Unit, 6> kUnits{{{"ns", 1},
                                               {"us", 1000},
                                               {"ms", 1000 * 1000},
                                               {"s", 1000 * 1000 * 1000},
                                               {"min", 60ull * 1000 * 1000 * 1000},
                                               {"h", 3600ull * 1000 * 1000 * 1000}}};
  if (duration.count() < 0) return "-" + display(-static_cast<double>(duration.count()), kUnits);
  return display(static_cast<double>(duration.count()), kUnits);
}

std::string display_size(std::uint64_t bytes) {
  static constexpr std::array<Unit, 5> kUnits{
      {{"B", 1}, {"KiB", 1ull << 10}, {"MiB", 1ull << 20}, {"GiB", 1ull << 30}, {"TiB", 1ull << 40}}};
  return display(static_cast<double>(bytes), kUnits);
}

}  // namespace weir
