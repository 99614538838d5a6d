#include "client/report/csv.hpp"

#include <gtest/gtest.h>

#include "tests/unit/client/report/example_result.hpp"

namespace weir::load {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr const char* kHeader = "at_s,length_s,phase,done,rate,errors,p50_ns,p90_ns,p99_ns,p99.9_ns,max_ns\r\n";

/// An interval with these times.
Interval interval(double at, double length, const Histogram& times) {
  return {at, length, times.count(), 0, times.percentile(50), times.percentile(99), times.buckets()};
}

Histogram microseconds_up_to(int most) {
  Histogram times;
  for (int i = 1; i <= most; ++i) times.record(microseconds(i));
  return times;
}

TEST(CsvReport, HasALineForEachIntervalInNanoseconds) {
  LoadResult result;
  Histogram times;  // below 2048 ns each has a bucket of its own
  for (int i = 1; i <= 1000; ++i) times.record(nanoseconds(i));
  result.intervals.push_back(interval(0.5, 0.5, times));
  result.intervals.back().failures = 7;
  EXPECT_EQ(csv_report(result),
            std::string(kHeader) + "0.500000,0.500000,measured,1000,2000.000,7,500,900,990,999,1000\r\n");
}

TEST(CsvReport, OfNoIntervalsIsItsHeader) { EXPECT_EQ(csv_report(LoadResult()), kHeader); }

TEST(CsvReport, TimesThatThereAreNoneOfAreEmptyAndNotZero) {
  LoadResult result;
  result.intervals.push_back({1, 1, 0, 0, nanoseconds(0), nanoseconds(0), {}});
  EXPECT_EQ(csv_report(result), std::string(kHeader) + "1.000000,1.000000,measured,0,0.000,0,,,,,\r\n");
}

TEST(CsvReport, WarmupIsToldByTheMiddleOfAnIntervalAndHasNoTimes) {
  LoadResult result;
  result.options.warmup = milliseconds(1000);
  // It ends a little after the warmup, as all do, and so has a few of the measured times.
  result.intervals.push_back(interval(1.003, 1.003, microseconds_up_to(2)));
  result.intervals.push_back(interval(2.002, 0.999, microseconds_up_to(1)));
  EXPECT_EQ(csv_report(result), std::string(kHeader) +
                                    "1.003000,1.003000,warmup,2,1.994,0,,,,,\r\n"
                                    "2.002000,0.999000,measured,1,1.001,0,1000,1000,1000,1000,1000\r\n");
}

TEST(CsvReport, PercentilesRiseThoughABucketIsWiderThanItsTimes) {
  LoadResult result;
  Histogram times;
  times.record(milliseconds(1));
  result.intervals.push_back(interval(1, 1, times));
  const std::string text = csv_report(result);
  // The report has the exact 1 ms as p50 and p99; the bucket's end is 1000447 ns.
  EXPECT_NE(text.find(",1000000,1000000,1000000,1000447,1000447\r\n"), std::string::npos) << text;
}

}  // namespace
}  // namespace weir::load
