#include "client/report/hgrm.hpp"

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

namespace weir::load {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

/// A line of the distribution, as HdrHistogram's plotter takes it apart: four fields, and no `#` at its begin.
struct Line {
  double value;
  double percentile;
  std::uint64_t count;
  std::string ratio;
};

std::vector<Line> lines_of(const std::string& text) {
  std::vector<Line> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    if (line.empty() || line.starts_with('#') || line.find("Value") != std::string::npos) continue;
    std::istringstream fields(line);
    Line read{};
    fields >> read.value >> read.percentile >> read.count >> read.ratio;
    EXPECT_TRUE(fields && fields.peek() == EOF) << line;
    lines.push_back(read);
  }
  return lines;
}

TEST(HgrmReport, IsWhatHdrHistogramPrints) {
  Histogram times;
  for (int i = 1; i <= 4; ++i) times.record(nanoseconds(i * 500));
  EXPECT_EQ(hgrm_report(times), R"(       Value     Percentile TotalCount 1/(1-Percentile)

    0.000500 0.000000000000          1           1.00
    0.000500 0.100000000000          1           1.11
    0.000500 0.200000000000          1           1.25
    0.001000 0.300000000000          2           1.43
    0.001000 0.400000000000          2           1.67
    0.001000 0.500000000000          2           2.00
    0.001500 0.550000000000          3           2.22
    0.001500 0.600000000000          3           2.50
    0.001500 0.650000000000          3           2.86
    0.001500 0.700000000000          3           3.33
    0.001500 0.750000000000          3           4.00
    0.002000 0.775000000000          4           4.44
    0.002000 1.000000000000          4            inf
#[Mean    =     0.001250, StdDeviation   =     0.000559]
#[Max     =     0.002000, Total count    =            4]
#[Buckets =           32, SubBuckets     =         2048]
)");
}

TEST(HgrmReport, EachLineHasThePercentileOfTheHistogram) {
  Histogram times;
  for (int i = 1; i <= 100'000; ++i) times.record(microseconds(i));
  const std::vector<Line> lines = lines_of(hgrm_report(times));
  ASSERT_GT(lines.size(), 50U);
  double before = -1;
  for (const Line& line : lines) {
    EXPECT_GT(line.percentile, before);
    before = line.percentile;
    const double exact = std::chrono::duration<double, std::milli>(times.percentile(line.percentile * 100)).count();
    EXPECT_NEAR(line.value, exact, exact / 1000) << line.percentile;
    EXPECT_GE(static_cast<double>(line.count), line.percentile * 100'000);
  }
  EXPECT_EQ(lines.back().count, 100'000U);
  EXPECT_EQ(lines.back().value, 100.0);
}

TEST(HgrmReport, HasFiveLinesForEachHalfOfTheDistance) {
  Histogram times;
  for (int i = 1; i <= 1'000'000; ++i) times.record(nanoseconds(i));
  const std::vector<Line> lines = lines_of(hgrm_report(times));
  const auto between = [&lines](double from, double below) {
    return std::count_if(lines.begin(), lines.end(),
                         [=](const Line& line) { return line.percentile >= from && line.percentile < below; });
  };
  EXPECT_EQ(between(0, 0.5), 5);
  EXPECT_EQ(between(0.5, 0.75), 5);
  EXPECT_EQ(between(0.9375, 0.96875), 5);
}

TEST(HgrmReport, TimesBeyondTheRangeCountAsTheLongest) {
  Histogram times;
  times.record(milliseconds(1));
  times.record(hours(2));
  const std::vector<Line> lines = lines_of(hgrm_report(times));
  EXPECT_EQ(lines.back().count, 2U);
  EXPECT_EQ(lines.back().value, 7'200'000.0);
  EXPECT_EQ(lines.front().count, 1U);
}

TEST(HgrmReport, OfNothingHasNoLines) {
  const std::string text = hgrm_report(Histogram());
  EXPECT_TRUE(lines_of(text).empty());
  EXPECT_NE(text.find("#[Mean    =     0.000000, StdDeviation   =     0.000000]\n"), std::string::npos) << text;
  EXPECT_NE(text.find("Total count    =            0]\n"), std::string::npos) << text;
}

}  // namespace
}  // namespace weir::load
