#include "client/start_time.hpp"

#include <cmath>
#include <ctime>
#include <regex>
#include <stdexcept>

#include "common/printable.hpp"

namespace weir::load {

namespace {

using System = std::chrono::system_clock;

std::chrono::nanoseconds fraction(const std::string& digits) {
  const double seconds = digits.empty() ? 0 : std::stod("0" + digits);
  return std::chrono::nanoseconds(std::llround(seconds * 1e9));
}

System::time_point at(std::time_t seconds, const std::string& digits) {
  return System::from_time_t(seconds) + std::chrono::duration_cast<System::duration>(fraction(digits));
}

/// Years for which nanoseconds since 1970 fit into 64 bits, with room for a clock that began elsewhere.
bool is_year_of_the_clock(int year) { return year >= 1970 && year < 2200; }

bool is_clock_time(int hour, int minute, int second) { return hour < 24 && minute < 60 && second < 60; }

}  // namespace

System::time_point parse_start(const std::string& text) {
  static const std::regex kRfc3339(
      R"((\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(\.\d{1,9})?([Zz]|([+-])(\d\d):(\d\d)))");
  static const std::regex kToday(R"((\d\d):(\d\d):(\d\d)(\.\d{1,9})?)");
  std::smatch part;
  const auto number = [&part](int index) { return std::stoi(part[static_cast<std::size_t>(index)]); };
  if (std::regex_match(text, part, kRfc3339) && is_clock_time(number(4), number(5), number(6))) {
    std::tm time{};
    time.tm_year = number(1) - 1900;
    time.tm_mon = number(2) - 1;
    time.tm_mday = number(3);
    time.tm_hour = number(4);
    time.tm_min = number(5);
    time.tm_sec = number(6);
    std::time_t seconds = ::timegm(&time);
    const bool has_offset = part[9].matched;
    // Days that there are not were carried into the next month.
    if (is_year_of_the_clock(number(1)) && time.tm_mon == number(2) - 1 && time.tm_mday == number(3) &&
        (!has_offset || is_clock_time(number(10), number(11), 0))) {
      if (has_offset) seconds -= (part[9] == "+" ? 60 : -60) * (number(10) * 60 + number(11));
      return at(seconds, part[7]);
    }
  } else if (std::regex_match(text, part, kToday) && is_clock_time(number(1), number(2), number(3))) {
    const std::time_t now = System::to_time_t(System::now());
    std::tm time{};
    ::localtime_r(&now, &time);
    time.tm_hour = number(1);
    time.tm_min = number(2);
    time.tm_sec = number(3);
    time.tm_isdst = -1;
    return at(std::mktime(&time), part[4]);
  }
  throw std::invalid_argument("is a time such as 2026-11-27T12:00:00Z or 12:00:00, not " + in_quotes(text));
}

}  // namespace weir::load
