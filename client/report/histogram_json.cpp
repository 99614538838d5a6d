#include "client/report/histogram_json.hpp"

#include <boost/json/value.hpp>
#include <boost/json/value_to.hpp>
#include <stdexcept>
#include <utility>

namespace weir::load {

namespace json = boost::json;

namespace {

/// What a double holds exactly; sums of a thousand of them are far from what would overflow.
constexpr std::uint64_t kMostInAll = std::uint64_t{1} << 53;

}  // namespace

json::array buckets_to_json(std::span<const Histogram::Bucket> buckets) {
  json::array array;
  array.reserve(buckets.size());
  for (const Histogram::Bucket& bucket : buckets) array.push_back(json::array{bucket.lowest.count(), bucket.count});
  return array;
}

std::vector<Histogram::Bucket> buckets_from_json(const json::array& json) {
  std::vector<Histogram::Bucket> buckets;
  buckets.reserve(json.size());
  std::uint64_t sum = 0;
  for (const json::value& bucket : json) {
    const auto lowest = bucket.as_array().at(0).to_number<std::int64_t>();
    if (lowest < 0 || Histogram::Nanoseconds(lowest) > Histogram::kHighest) {
      throw std::runtime_error("a histogram has no bucket at " + std::to_string(lowest) + " ns");
    }
    const auto count = bucket.as_array().at(1).to_number<std::uint64_t>();
    if (count > kMostInAll - sum) throw std::runtime_error("its counts are too large to be added up");
    sum += count;
    if (!buckets.empty() && buckets.back().lowest.count() >= lowest) {
      throw std::runtime_error("the one at " + std::to_string(lowest) + " ns stands in no order");
    }
    buckets.push_back({Histogram::Nanoseconds(lowest), count});
  }
  return buckets;
}

json::object histogram_to_json(const Histogram& histogram) {
  json::object percentiles;
  for (const auto& [key, percent] :
       {std::pair{"50", 50.0}, {"75", 75.0}, {"90", 90.0}, {"99", 99.0}, {"99.9", 99.9}, {"99.99", 99.99}}) {
    percentiles[key] = histogram.percentile(percent).count();
  }
  json::object object;
  object["count"] = histogram.count();
  object["above_range"] = histogram.above_range();
  object["min_ns"] = histogram.min().count();
  object["max_ns"] = histogram.max().count();
  object["mean_ns"] = histogram.mean().count();
  object["sum_ns"] = histogram.sum().count();
  object["percentiles_ns"] = std::move(percentiles);
  object["buckets"] = buckets_to_json(histogram.buckets());
  return object;
}

Histogram histogram_from_json(const json::object& json) {
  const auto ns = [&json](const char* key) { return Histogram::Nanoseconds(json.at(key).to_number<std::int64_t>()); };
  Histogram histogram;
  for (const Histogram::Bucket& bucket : buckets_from_json(json.at("buckets").as_array())) histogram.add(bucket);
  const Histogram::Nanoseconds lowest = histogram.min();
  const std::vector<Histogram::Bucket> buckets = histogram.buckets();
  histogram.restore(json.at("above_range").to_number<std::uint64_t>(), ns("min_ns"), ns("max_ns"), ns("sum_ns"));
  const bool agrees = histogram.sum().count() >= 0 &&
                      (buckets.empty() || (histogram.min() >= lowest &&
                                           histogram.min() <= Histogram::highest_equivalent(buckets.front().lowest) &&
                                           histogram.max() >= buckets.back().lowest)) &&
                      histogram.max() >= histogram.min() && histogram.above_range() <= kMostInAll;
  const json::value* const count = json.if_contains("count");
  if (count != nullptr && count->is_number() && count->to_number<std::uint64_t>() != histogram.count()) {
    throw std::runtime_error("its count is not that of its buckets");
  }
  if (!agrees) throw std::runtime_error("its figures do not agree with its buckets");
  return histogram;
}

}  // namespace weir::load
