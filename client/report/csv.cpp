#include "client/report/csv.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>

namespace weir::load {

namespace {

constexpr std::string_view kHeader = "at_s,length_s,phase,done,rate,errors,p50_ns,p90_ns,p99_ns,p99.9_ns,max_ns\r\n";

constexpr std::string_view kNoTimes = ",,,,";

std::string times_of(const Interval& interval) {
  Histogram times;
  for (const Histogram::Bucket& bucket : interval.buckets) times.add(bucket);
  if (times.count() == 0) return std::string(kNoTimes);
  // The interval knows its greatest time exactly, the buckets only to a bucket's width: p90 is not more than p99.
  const auto p90 = std::min(times.percentile(90), interval.p99);
  return fmt::format("{},{},{},{},{}", interval.p50.count(), p90.count(), interval.p99.count(),
                     times.percentile(99.9).count(), times.max().count());
}

}  // namespace

std::string csv_report(const LoadResult& result) {
  const double warmup = std::chrono::duration<double>(result.options.warmup).count();
  std::string text(kHeader);
  for (const Interval& interval : result.intervals) {
    const bool warming = interval.at - interval.length / 2 < warmup;
    const double rate = interval.length > 0 ? static_cast<double>(interval.done) / interval.length : 0;
    fmt::format_to(std::back_inserter(text), "{:.6f},{:.6f},{},{},{:.3f},{},{}\r\n", interval.at, interval.length,
                   warming ? "warmup" : "measured", interval.done, rate, interval.failures,
                   warming ? std::string(kNoTimes) : times_of(interval));
  }
  return text;
}

}  // namespace weir::load
