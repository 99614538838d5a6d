#include "client/faults/bounds.hpp"

#include <algorithm>
#include <utility>

namespace weir::load {

namespace {

using Time = Bounds::Time;
using std::chrono::microseconds;

/// What a daemon lets pass beyond a rate: a share at once and a share as its burst, or what it forgives itself for
/// having been late (ByteBucket).
constexpr double kShareSeconds = 0.02;
constexpr double kLargestShare = 256 * 1024;
constexpr double kLatenessSeconds = 0.01;
/// Rates are rounded.
constexpr double kRateShare = 0.99;
/// More places of one fault are not reckoned with.
constexpr std::size_t kMostPlaces = 1'000'000;

template <typename Kind>
const Kind* as(const faults::Met& met) {
  return std::get_if<Kind>(&met.fault->kind);
}

Time later(Time time, Time other) { return std::max(time, other); }

/// How long so many bytes take at least.
std::chrono::nanoseconds time_for(std::uint64_t bytes, double rate) {
  const double share = std::clamp(rate * kShareSeconds, 1.0, kLargestShare);
  const double paid = static_cast<double>(bytes) - share - std::max(share, rate * kLatenessSeconds);
  return std::chrono::nanoseconds(static_cast<std::int64_t>(std::clamp(paid / rate * kRateShare * 1e9, 0.0, 1e17)));
}

}  // namespace

std::vector<std::vector<faults::Met>> ways_of(const std::vector<faults::Met>& met, FaultPath path) {
  std::vector<std::vector<faults::Met>> ways;
  const auto acting = [&met](auto acts) {
    std::vector<faults::Met> own;
    std::copy_if(met.begin(), met.end(), std::back_inserter(own), [&](const auto& one) { return acts(*one.fault); });
    return own;
  };
  if (path == FaultPath::echo) {
    ways.push_back(met);
  } else {
    ways.push_back(acting([](const faults::Fault& fault) { return faults::acts_on(fault, faults::Way::upstream); }));
    ways.push_back(acting([](const faults::Fault& fault) { return faults::acts_on(fault, faults::Way::downstream); }));
  }
  return ways;
}

std::int64_t Bounds::Pauses::count(std::uint64_t after, std::uint64_t to) const {
  const auto first = std::upper_bound(places.begin(), places.end(), after);
  return std::max<std::int64_t>(std::upper_bound(first, places.end(), to) - first, 0);
}

bool Bounds::Pauses::has(std::uint64_t place) const { return std::binary_search(places.begin(), places.end(), place); }

Bounds::Bounds(const std::vector<faults::Met>& met, FaultPath path, std::uint64_t reach) {
  const auto connect =
      std::find_if(met.begin(), met.end(), [](const faults::Met& one) { return as<faults::Connect>(one) != nullptr; });
  if (connect != met.end()) {
    service_ = as<faults::Connect>(*connect)->delay;
    closed_ = as<faults::Connect>(*connect)->fail;
  }
  for (const std::vector<faults::Met>& faults : ways_of(met, path)) {
    Way& way = ways_.emplace_back();
    for (const faults::Met& one : faults) add(way, one, reach);
  }
}

void Bounds::add(Way& way, const faults::Met& met, std::uint64_t reach) {
  if (as<faults::Latency>(met) != nullptr) way.latencies.push_back(met);
  if (as<faults::HalfOpen>(met) != nullptr) closed_ = true;
  if (const auto* slow = as<faults::SlowClose>(met)) way.slow_close += slow->delay;
  if (const auto* bandwidth = as<faults::Bandwidth>(met)) {
    const auto rate = static_cast<double>(bandwidth->rate);
    if (bandwidth->rate == 0) {
      closed_ = true;
    } else {
      way.rate = way.rate == 0 ? rate : std::min(way.rate, rate);
    }
  }
  if (const auto* stall = as<faults::Stall>(met)) {
    Pauses& stalls = way.stalls.emplace_back();
    stalls.each = stall->duration;
    stalls.forever = stall->duration.count() == 0;
    for (std::uint64_t place = stall->after; place <= reach && stalls.places.size() < kMostPlaces;
         place += stall->every) {
      if (faults::stalls_at(*stall, met.lot, place)) stalls.places.push_back(place);
      if (stall->every == 0) break;
    }
  }
  // Of several the first one acts.
  if (const auto* slice = as<faults::Slice>(met); slice != nullptr && way.slices.places.empty()) {
    way.slices.each = slice->delay;
    std::uint64_t place = 0;
    do {
      place += faults::slice_at(*slice, met.lot, place);
      way.slices.places.push_back(place);
    } while (place <= reach && way.slices.places.size() < kMostPlaces);
  }
}

microseconds Bounds::latency(std::uint64_t place) const {
  microseconds sum{0};
  for (const Way& way : ways_) {
    for (const faults::Met& met : way.latencies) sum += faults::delay_at(*as<faults::Latency>(met), met.lot, place);
  }
  return sum;
}

Time Bounds::byte(const Sight& sight, std::size_t number, std::uint64_t place) const {
  if (closed_) return kNever;
  const Sight::Message& message = sight.messages[number];
  const Time service = sight.began + service_;
  const Time sent = later(message.sent, service);
  // Where the way stops at the very place where the message begins, it may have stopped as soon as it got there.
  const Time got_there = number == 0 ? service : later(sight.messages[number - 1].sent, service);
  microseconds slices{0};
  Time bound = sent;
  for (const Way& way : ways_) {
    slices = std::max(slices, way.slices.count(message.place, place) * way.slices.each);
    for (const Pauses& stalls : way.stalls) {
      const bool at_begin = stalls.has(message.place);
      const std::int64_t within = stalls.count(message.place, place);
      const bool has_stopped = !stalls.places.empty() && stalls.places.front() <= place;
      if (stalls.forever && has_stopped) return kNever;
      const Time begin = at_begin ? later(sent, got_there + stalls.each) : sent;
      bound = later(bound, begin + within * stalls.each);
    }
    if (way.rate != 0) {
      bound = later(bound, service + time_for(place + 1, way.rate));
      bound = later(bound, sent + time_for(place + 1 - message.place, way.rate));
    }
  }
  return later(bound, sent + latency(message.place) + slices);
}

Time Bounds::fin(const Sight& sight, std::uint64_t place) const {
  if (closed_) return kNever;
  microseconds delay = latency(place);
  for (const Way& way : ways_) {
    delay += way.slow_close;
    for (const Pauses& stalls : way.stalls) {
      if (stalls.forever && !stalls.places.empty() && stalls.places.front() <= place) return kNever;
    }
  }
  return later(*sight.fin_sent, sight.began + service_) + delay;
}

}  // namespace weir::load
