#include "client/report/over_time.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "client/report/numbers.hpp"
#include "common/units.hpp"

namespace weir::load {

namespace {

constexpr std::size_t kMostDrawn = 30;
/// Of fewer, none is usual.
constexpr std::size_t kLeastIntervals = 4;
/// What is notable: a rate of so much of the median one, beyond what chance makes of so few replies, and a p99 so many
/// times the median one.
constexpr double kDip = 0.7;
constexpr double kDeviations = 5;
constexpr double kJump = 4;
/// The median p99 of the last quarter, in that of the first one.
constexpr double kDrift = 2;
/// A p99 of fewer replies is one of the slowest of them.
constexpr std::uint64_t kEnoughForP99 = 100;

/// One interval, or the worst of neighbours.
struct Moment {
  double at = 0;  ///< its end, in seconds
  double length = 0;
  double rate = 0;
  double p99 = 0;  ///< in ns; 0 where there was no reply
};

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// The measured time; a last interval that the end made short is left out.
std::vector<const Interval*> measured_intervals(const LoadResult& result) {
  const double warmup = std::chrono::duration<double>(result.options.warmup).count();
  std::vector<const Interval*> measured;
  std::vector<double> lengths;
  for (const Interval& interval : result.intervals) {
    if (interval.at - interval.length < warmup - 1e-3 || interval.length <= 0) continue;
    measured.push_back(&interval);
    lengths.push_back(interval.length);
  }
  if (!measured.empty() && measured.back()->length < median(lengths) / 2) measured.pop_back();
  return measured;
}

bool is_notable(const std::vector<const Interval*>& measured) {
  std::vector<double> rates;
  std::vector<double> p99s;
  for (const Interval* interval : measured) {
    rates.push_back(static_cast<double>(interval->done) / interval->length);
    if (interval->done >= kEnoughForP99) p99s.push_back(static_cast<double>(interval->p99.count()));
  }
  const double usual_rate = median(rates);
  const double usual_p99 = median(p99s);
  for (const Interval* interval : measured) {
    const double usual = usual_rate * interval->length;
    const double missing = usual - static_cast<double>(interval->done);
    if (missing > usual * (1 - kDip) && missing > kDeviations * std::sqrt(usual)) return true;
    const bool has_p99 = interval->done >= kEnoughForP99;
    if (has_p99 && static_cast<double>(interval->p99.count()) > kJump * usual_p99) return true;
  }
  const auto quarter = static_cast<std::ptrdiff_t>(p99s.size() / 4);
  return quarter >= 2 &&
         median({p99s.end() - quarter, p99s.end()}) > kDrift * median({p99s.begin(), p99s.begin() + quarter});
}

/// What is drawn: of neighbours the lowest rate and the highest p99, so that no stall is drawn away.
std::vector<Moment> columns_of(const std::vector<const Interval*>& measured, std::size_t together) {
  std::vector<Moment> columns;
  for (std::size_t i = 0; i < measured.size(); ++i) {
    const Interval& interval = *measured[i];
    const double rate = static_cast<double>(interval.done) / interval.length;
    const auto p99 = static_cast<double>(interval.p99.count());
    if (i % together == 0) {
      columns.push_back({interval.at, interval.length, rate, p99});
      continue;
    }
    Moment& column = columns.back();
    column.at = interval.at;
    column.length += interval.length;
    column.rate = std::min(column.rate, rate);
    column.p99 = std::max(column.p99, p99);
  }
  return columns;
}

/// `height` is 0 to 1.
const char* block(double height) {
  static constexpr std::array kBlocks{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  return kBlocks[static_cast<std::size_t>(std::lround(std::clamp(height, 0.0, 1.0) * (kBlocks.size() - 1)))];
}

std::string duration_of(double ns) { return display_duration(std::chrono::nanoseconds(std::llround(ns))); }

}  // namespace

std::string over_time(const LoadResult& result) {
  const std::vector<const Interval*> measured = measured_intervals(result);
  if (measured.size() < kLeastIntervals || !is_notable(measured)) return {};
  const std::size_t together = (measured.size() + kMostDrawn - 1) / kMostDrawn;
  const std::vector<Moment> columns = columns_of(measured, together);

  const Interval* lowest = measured.front();
  const Interval* highest = measured.front();
  double most_rate = 0;
  double least_rate = static_cast<double>(lowest->done) / lowest->length;
  double least_p99 = 0;
  for (const Interval* interval : measured) {
    const double rate = static_cast<double>(interval->done) / interval->length;
    const auto p99 = static_cast<double>(interval->p99.count());
    most_rate = std::max(most_rate, rate);
    if (rate < least_rate) lowest = interval;
    least_rate = std::min(least_rate, rate);
    if (interval->p99 > highest->p99) highest = interval;
    if (p99 > 0) least_p99 = least_p99 == 0 ? p99 : std::min(least_p99, p99);
  }
  const auto most_p99 = static_cast<double>(highest->p99.count());

  std::string rates;
  std::string p99s;
  for (const Moment& column : columns) {
    rates += block(most_rate > 0 ? column.rate / most_rate : 0);
    const bool has_range = most_p99 > least_p99 && column.p99 > 0;
    // By the logarithm: what is ten times as long is as much higher, whether that is a millisecond or a second.
    p99s += column.p99 <= 0 ? " "
                            : block(has_range ? std::log(column.p99 / least_p99) / std::log(most_p99 / least_p99) : 0);
  }
  const double step = columns.front().length;
  std::string text = together == 1
                         ? fmt::format("\nOver time, in steps of {:.3g} s\n", step)
                         : fmt::format("\nOver time, of each {:.3g} s the lowest rate and the highest p99\n", step);
  text += fmt::format("  rate  {}  {} to {}/s, lowest at {:.0f} s\n", rates, display_rate(least_rate),
                      display_rate(most_rate), lowest->at);
  text += fmt::format("  p99   {}  {} to {}, highest at {:.0f} s\n", p99s, duration_of(least_p99),
                      duration_of(most_p99), highest->at);
  return text;
}

}  // namespace weir::load
