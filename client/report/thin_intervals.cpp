#include "client/report/thin_intervals.hpp"

#include <algorithm>
#include <bit>
#include <boost/json/object.hpp>
#include <map>
#include <utility>

namespace weir::load {

namespace json = boost::json;

namespace {

/// Of each power of two, so many buckets are left.
constexpr int kBitsLeft = 6;

/// The lowest value of the wider bucket that a value falls into.
std::uint64_t widened(std::uint64_t lowest) {
  const int shift = std::max(0, static_cast<int>(std::bit_width(lowest)) - 1 - kBitsLeft);
  return lowest >> shift << shift;
}

using Sums = std::map<std::uint64_t, std::uint64_t>;

/// Takes the buckets of an interval to those of its neighbours. What is none stays where it is: pages are made of older
/// reports too, as far as they go.
void take_buckets(json::value& interval, Sums& sums) {
  json::object* const object = interval.if_object();
  json::value* const value = object == nullptr ? nullptr : object->if_contains("buckets");
  json::array* const buckets = value == nullptr ? nullptr : value->if_array();
  if (buckets == nullptr) return;
  for (const json::value& bucket : *buckets) {
    const json::array* const pair = bucket.if_array();
    if (pair == nullptr || pair->size() != 2) continue;
    boost::system::error_code error;
    const auto lowest = pair->front().to_number<std::uint64_t>(error);
    const auto count = error ? 0 : pair->back().to_number<std::uint64_t>(error);
    if (!error) sums[widened(lowest)] += count;
  }
  *buckets = json::array();
}

/// Gives the neighbours' buckets to the last of them.
void give_buckets(json::value& interval, Sums& sums) {
  json::object* const object = interval.if_object();
  if (object != nullptr && !sums.empty()) {
    json::array buckets;
    buckets.reserve(sums.size());
    for (const auto& [lowest, count] : sums) buckets.push_back(json::array{lowest, count});
    (*object)["buckets"] = std::move(buckets);
  }
  sums.clear();
}

}  // namespace

json::array thin_intervals(std::size_t count, const std::function<bool(json::value&)>& next) {
  const std::size_t together = std::max<std::size_t>(1, (count + kMostColumns - 1) / kMostColumns);
  json::array intervals;
  intervals.reserve(count);
  Sums sums;
  for (json::value interval; next(interval);) {
    if (together > 1) take_buckets(interval, sums);
    intervals.push_back(std::move(interval));
    if (intervals.size() % together == 0) give_buckets(intervals.back(), sums);
  }
  if (!intervals.empty()) give_buckets(intervals.back(), sums);
  return intervals;
}

}  // namespace weir::load
