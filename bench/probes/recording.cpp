// What a sample costs weir-load: to record a time in a histogram, and to find when the next request is due.
//
//     weir-bench-recording
//
// Exits with 1 when recording takes 20 ns.

#include <cmath>
#include <cstdio>
#include <random>
#include <vector>

#include "bench/probes/rounds.hpp"
#include "client/pacing/arrivals.hpp"
#include "common/histogram.hpp"

namespace weir::bench {
namespace {

constexpr double kMostToRecord = 20;
constexpr std::size_t kSamples = 1 << 20;

/// Times as a run has them: log-normal around 100 us, so that many buckets are in use.
std::vector<std::chrono::nanoseconds> random_times() {
  std::mt19937_64 random(1);
  std::lognormal_distribution<double> times(std::log(100'000.0), 0.7);
  std::vector<std::chrono::nanoseconds> samples(kSamples);
  for (auto& sample : samples) sample = std::chrono::nanoseconds(static_cast<std::int64_t>(times(random)));
  return samples;
}

Rounds recording(const std::vector<std::chrono::nanoseconds>& samples) {
  Histogram histogram;
  return five_rounds([&] {
    const auto begin = std::chrono::steady_clock::now();
    for (const auto sample : samples) histogram.record(sample);
    return nanoseconds_since(begin) / static_cast<double>(samples.size());
  });
}

Rounds planning(load::ArrivalKind kind) {
  load::Arrivals arrivals({kind, 50'000, 64, {}, 1}, 0, 1);
  return five_rounds([&] {
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < kSamples; ++i) arrivals.next();
    return nanoseconds_since(begin) / static_cast<double>(kSamples);
  });
}

void print(const char* what, const Rounds& rounds) {
  std::printf("%-28s %6.1f ns  (median of five rounds %.1f ns)\n", what, rounds.least, rounds.median);
}

int run() {
  const Rounds record = recording(random_times());
  print("a sample recorded", record);
  print("a uniform arrival planned", planning(load::ArrivalKind::uniform));
  print("a Poisson arrival planned", planning(load::ArrivalKind::poisson));
  return record.least < kMostToRecord ? 0 : 1;
}

}  // namespace
}  // namespace weir::bench

int main() { return weir::bench::run(); }
