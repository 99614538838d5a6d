#include "client/report/thin_intervals.hpp"

#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "client/report/json.hpp"
#include "tests/unit/client/report/example_result.hpp"

namespace weir::load {
namespace {

namespace json = boost::json;

json::object report_with(std::size_t intervals) {
  LoadResult result = example();
  const std::vector<Histogram::Bucket> buckets = result.intervals.front().buckets;
  result.intervals.clear();
  for (std::size_t i = 0; i < intervals; ++i) {
    const auto at = static_cast<double>(i + 1);
    result.intervals.push_back(
        {at, 1, 1000, i % 2, std::chrono::microseconds(500), std::chrono::microseconds(990), buckets});
  }
  return json_report(result);
}

/// The report with its intervals made thin.
json::object thinned(const json::object& report) {
  const json::array& intervals = report.at("intervals").as_array();
  json::object thin = report;
  std::size_t taken = 0;
  thin["intervals"] = thin_intervals(intervals.size(), [&](json::value& interval) {
    if (taken == intervals.size()) return false;
    interval = intervals[taken++];
    return true;
  });
  return thin;
}

struct Bucketed {
  std::uint64_t times = 0;
  std::size_t intervals = 0;  ///< with buckets
  std::size_t buckets = 0;
};

Bucketed bucketed(const json::object& report) {
  Bucketed found;
  for (const json::value& interval : report.at("intervals").as_array()) {
    const json::array& buckets = interval.at("buckets").as_array();
    found.intervals += buckets.empty() ? 0 : 1;
    found.buckets += buckets.size();
    for (const json::value& bucket : buckets) found.times += bucket.at(1).to_number<std::uint64_t>();
  }
  return found;
}

TEST(ThinIntervals, AnHourIsAsManyColumnsAsAPageShowsAndLosesNoTime) {
  const json::object whole = report_with(3600);
  const json::object thin = thinned(whole);
  const Bucketed found = bucketed(thin);
  EXPECT_EQ(found.times, bucketed(whole).times);
  EXPECT_EQ(found.intervals, 600u);
  EXPECT_LT(found.buckets * 15, bucketed(whole).buckets);
  ASSERT_EQ(thin.at("intervals").as_array().size(), 3600u);
  for (const std::size_t i : {0u, 5u, 1234u, 3599u}) {
    for (const char* key : {"at_s", "length_s", "done", "errors", "p50_ns", "p99_ns"}) {
      EXPECT_EQ(thin.at("intervals").at(i).at(key), whole.at("intervals").at(i).at(key)) << key;
    }
  }
}

TEST(ThinIntervals, WidenedBucketsHoldWhatTheNarrowOnesHeld) {
  const json::object whole = report_with(1200);
  const json::array& narrow = whole.at("intervals").at(0).at("buckets").as_array();
  const json::object report = thinned(whole);
  const json::array& wide = report.at("intervals").at(1).at("buckets").as_array();
  EXPECT_TRUE(report.at("intervals").at(0).at("buckets").as_array().empty());
  std::uint64_t before = 0;
  for (const json::value& bucket : wide) {
    const auto lowest = bucket.at(0).to_number<std::uint64_t>();
    EXPECT_GE(lowest, before);
    before = lowest;
  }
  EXPECT_EQ(wide.front().at(0), narrow.front().at(0));  // 1 us has few digits
  const auto last = static_cast<double>(narrow.back().at(0).to_number<std::uint64_t>());
  EXPECT_LE(static_cast<double>(before), last);
  EXPECT_GE(static_cast<double>(before), last / 1.017);
}

TEST(ThinIntervals, TheLastOnesAreTogetherHoweverFewAreLeft) {
  const json::object whole = report_with(601);
  const json::object thin = thinned(whole);
  EXPECT_EQ(bucketed(thin).times, bucketed(whole).times);
  EXPECT_EQ(bucketed(thin).intervals, 301u);
  EXPECT_FALSE(thin.at("intervals").as_array().back().at("buckets").as_array().empty());
}

TEST(ThinIntervals, ShortSeriesAndWhatIsNoIntervalStayAsTheyAre) {
  const json::object whole = report_with(600);
  EXPECT_EQ(thinned(whole), whole);
  EXPECT_EQ(thinned({{"intervals", json::array()}}).at("intervals"), json::array());
  for (const json::value& other : {json::value(nullptr), json::value(json::object{{"buckets", 3}})}) {
    const json::object foreign{{"intervals", json::array(1000, other)}};
    EXPECT_EQ(thinned(foreign), foreign);
  }
  const json::object damaged{{"intervals", json::array(1000, json::object{{"buckets", json::array{1, "x"}}})}};
  EXPECT_EQ(thinned(damaged).at("intervals").as_array().size(), 1000u);
}

TEST(ThinIntervals, APageOfALongRunIsLightAndShowsTheWholeReport) {
  LoadResult result = example();
  const Interval interval = result.intervals.front();
  for (int second = 2; second <= 3600; ++second) {
    result.intervals.push_back(interval);
    result.intervals.back().at = second;
  }
  const json::object whole = json_report(result);
  EXPECT_EQ(page_report(result), thinned(whole));
  EXPECT_LT(json::serialize(page_report(result)).size() * 4, json::serialize(whole).size());
}

}  // namespace
}  // namespace weir::load
