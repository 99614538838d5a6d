#include "client/report/hgrm.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <vector>

namespace weir::load {

namespace {

constexpr double kTicksPerHalfDistance = 5;

double in_milliseconds(Histogram::Nanoseconds time) { return std::chrono::duration<double, std::milli>(time).count(); }

/// So many times of this length. Nanoseconds.
struct Step {
  double middle;
  Histogram::Nanoseconds highest;
  std::uint64_t count;
};

/// What was recorded, in order of its length.
std::vector<Step> steps_of(const Histogram& times) {
  std::vector<Step> steps;
  for (const Histogram::Bucket& bucket : times.buckets()) {
    const auto highest = Histogram::highest_equivalent(bucket.lowest);
    const double middle = static_cast<double>((bucket.lowest + highest).count()) / 2;
    steps.push_back({middle, std::min(highest, times.max()), bucket.count});
  }
  if (times.above_range() != 0) {
    steps.push_back({static_cast<double>(times.max().count()), times.max(), times.above_range()});
  }
  return steps;
}

/// The next percentage that gets a line: a fifth of the way that halves the distance to 100 % further on.
double level_after(double level) {
  const double halves = std::floor(std::log2(100 / (100 - level))) + 1;
  return level + 100 / (kTicksPerHalfDistance * std::exp2(halves));
}

void append_line(std::string& text, Histogram::Nanoseconds value, double level, std::uint64_t seen) {
  // To the nanosecond: three places would be no more than a microsecond.
  fmt::format_to(std::back_inserter(text), "{:12.6f} {:14.12f} {:10d} {:>14.2f}\n", in_milliseconds(value), level / 100,
                 seen, 1 / (1 - level / 100));
}

double deviation(const std::vector<Step>& steps, const Histogram& times) {
  if (times.count() == 0) return 0;
  const auto mean = static_cast<double>(times.sum().count()) / static_cast<double>(times.count());
  double squares = 0;
  for (const Step& step : steps)
    squares += (step.middle - mean) * (step.middle - mean) * static_cast<double>(step.count);
  return std::sqrt(squares / static_cast<double>(times.count())) / 1e6;
}

}  // namespace

std::string hgrm_report(const Histogram& times) {
  std::string text =
      fmt::format("{:>12} {:>14} {:>10} {:>14}\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)");
  const std::vector<Step> steps = steps_of(times);
  const auto total = static_cast<double>(times.count());
  std::uint64_t seen = 0;
  double level = 0;
  for (const Step& step : steps) {
    seen += step.count;
    while (100 * static_cast<double>(seen) / total >= level) {
      append_line(text, step.highest, level, seen);
      level = level_after(level);
      if (seen == times.count()) break;  // what follows would all be this line, but for the last one
    }
  }
  if (!steps.empty()) append_line(text, steps.back().highest, 100, seen);
  fmt::format_to(std::back_inserter(text), "#[Mean    = {:12.6f}, StdDeviation   = {:12.6f}]\n",
                 in_milliseconds(times.mean()), deviation(steps, times));
  fmt::format_to(std::back_inserter(text), "#[Max     = {:12.6f}, Total count    = {:12d}]\n",
                 in_milliseconds(times.max()), times.count());
  // A bucket is what doubles; each holds half of the sub-buckets, and the first all of them.
  fmt::format_to(std::back_inserter(text), "#[Buckets = {:12d}, SubBuckets     = {:12d}]\n",
                 Histogram::kBuckets / (Histogram::kSubBuckets / 2) - 1, Histogram::kSubBuckets);
  return text;
}

}  // namespace weir::load
