#include "client/report/histogram_json.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <chrono>

namespace weir::load {
namespace {

namespace json = boost::json;

Histogram example() {
  Histogram histogram;
  for (int i = 1; i <= 1000; ++i) histogram.record(std::chrono::microseconds(i * i));
  histogram.record(std::chrono::hours(2));
  return histogram;
}

json::object written_and_read(const json::object& object) { return json::parse(json::serialize(object)).as_object(); }

TEST(HistogramJson, LosesNothing) {
  for (const Histogram& histogram : {example(), Histogram()}) {
    const Histogram copy = histogram_from_json(written_and_read(histogram_to_json(histogram)));
    EXPECT_EQ(copy.buckets(), histogram.buckets());
    EXPECT_EQ(copy.count(), histogram.count());
    EXPECT_EQ(copy.above_range(), histogram.above_range());
    EXPECT_EQ(copy.min(), histogram.min());
    EXPECT_EQ(copy.max(), histogram.max());
    EXPECT_EQ(copy.sum(), histogram.sum());
    EXPECT_EQ(copy.percentile(99.9), histogram.percentile(99.9));
    EXPECT_EQ(json::serialize(histogram_to_json(copy)), json::serialize(histogram_to_json(histogram)));
  }
}

TEST(HistogramJson, PercentilesAreThoseOfTheHistogram) {
  const Histogram histogram = example();
  const json::object object = histogram_to_json(histogram);
  for (const auto& [key, percent] :
       {std::pair{"50", 50.0}, {"75", 75.0}, {"90", 90.0}, {"99", 99.0}, {"99.9", 99.9}, {"99.99", 99.99}}) {
    EXPECT_EQ(object.at("percentiles_ns").at(key), histogram.percentile(percent).count()) << key;
  }
}

TEST(HistogramJson, OtherJsonIsRefused) {
  for (const char* buckets :
       {"{}", "[1]", "[[]]", "[[1]]", "[[-1,1]]", "[[1,-1]]", "[[1,\"2\"]]", "[[4000000000000,1]]", "[[0.5,1]]"}) {
    json::object object = histogram_to_json(example());
    object["buckets"] = json::parse(buckets);
    EXPECT_THROW(histogram_from_json(object), std::exception) << buckets;
  }
  for (const char* key : {"buckets", "above_range", "min_ns", "max_ns", "sum_ns"}) {
    json::object object = histogram_to_json(example());
    object.erase(key);
    EXPECT_THROW(histogram_from_json(object), std::exception) << key;
  }
}

}  // namespace
}  // namespace weir::load
