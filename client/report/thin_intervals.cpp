#include "client/report/thin_intervals.hpp"

#include <algorithm>
#include <bit>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <map>

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

}  // namespace

void thin_intervals(json::object& report) {
  json::value* const value = report.if_contains("intervals");
  json::array* const intervals = value == nullptr ? nullptr : value->if_array();
  if (intervals == nullptr || intervals->size() <= kMostColumns) return;
  const std::size_t together = (intervals->size() + kMostColumns - 1) / kMostColumns;
  for (std::size_t first = 0; first < intervals->size(); first += together) {
    const std::size_t next = std::min(first + together, intervals->size());
    Sums sums;
    for (std::size_t i = first; i < next; ++i) take_buckets((*intervals)[i], sums);
    if (sums.empty()) continue;
    json::array buckets;
    buckets.reserve(sums.size());
    for (const auto& [lowest, count] : sums) buckets.push_back(json::array{lowest, count});
    (*intervals)[next - 1].as_object()["buckets"] = std::move(buckets);
  }
}

}  // namespace weir::load
