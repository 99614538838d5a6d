#include "client/metrics/live_figures.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <chrono>

namespace weir::load {

namespace json = boost::json;

namespace {

using Seconds = std::chrono::duration<double>;

template <typename Numbers>
json::array numbers_to_json(const Numbers& numbers) {
  json::array array;
  array.reserve(numbers.size());
  for (const auto number : numbers) array.emplace_back(number);
  return array;
}

template <typename Numbers>
void numbers_from_json(const json::value& value, Numbers& numbers) {
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = value.as_array().at(i).to_number<std::uint64_t>();
}

}  // namespace

void TimeCounts::add(const Histogram& times) {
  for (const Histogram::Bucket& bucket : times.buckets()) {
    const double seconds = Seconds(Histogram::highest_equivalent(bucket.lowest)).count();
    const auto* const bound = std::lower_bound(kTimeBounds.begin(), kTimeBounds.end(), seconds);
    counts[static_cast<std::size_t>(bound - kTimeBounds.begin())] += bucket.count;
  }
  counts.back() += times.above_range();
  sum += Seconds(times.sum()).count();
}

void TimeCounts::add(const TimeCounts& other) {
  for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
  sum += other.sum;
}

void LiveFigures::add(const WorkerStats& news) {
  for (std::size_t i = 0; i < kCounts; ++i) counts[i] += news.counts[i];
  failures.merge(news.failures);
  for (std::size_t i = 0; i < kTimes; ++i) times[i].add(news.times[i]);
}

void LiveFigures::add(const LiveFigures& other) {
  reached += other.reached;
  open += other.open;
  for (std::size_t i = 0; i < kCounts; ++i) counts[i] += other.counts[i];
  failures.merge(other.failures);
  for (std::size_t i = 0; i < kTimes; ++i) times[i].add(other.times[i]);
}

json::object figures_to_json(const LiveFigures& figures) {
  std::array<std::uint64_t, kFailureKinds> failures{};
  for (std::size_t i = 0; i < kFailureKinds; ++i) failures[i] = figures.failures[static_cast<Failure>(i)];
  json::array times;
  for (const TimeCounts& time : figures.times) {
    times.push_back(json::object{{"counts", numbers_to_json(time.counts)}, {"sum", time.sum}});
  }
  return {{"reached", figures.reached},
          {"open", figures.open},
          {"counts", numbers_to_json(figures.counts)},
          {"failures", numbers_to_json(failures)},
          {"times", std::move(times)}};
}

LiveFigures figures_from_json(const json::object& json) {
  LiveFigures figures;
  figures.reached = json.at("reached").to_number<std::uint32_t>();
  figures.open = json.at("open").to_number<std::uint32_t>();
  numbers_from_json(json.at("counts"), figures.counts);
  std::array<std::uint64_t, kFailureKinds> failures{};
  numbers_from_json(json.at("failures"), failures);
  for (std::size_t i = 0; i < kFailureKinds; ++i) figures.failures.add(static_cast<Failure>(i), failures[i]);
  for (std::size_t i = 0; i < kTimes; ++i) {
    const json::object& time = json.at("times").as_array().at(i).as_object();
    numbers_from_json(time.at("counts"), figures.times[i].counts);
    figures.times[i].sum = time.at("sum").to_number<double>();
  }
  return figures;
}

}  // namespace weir::load
