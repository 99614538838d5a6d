#include "client/pacing/arrivals.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <vector>

namespace weir::load {
namespace {

using io::Clock;
using Seconds = std::chrono::duration<double>;

constexpr std::size_t kSamples = 20'000;

/// An hour ago: a plan goes on as it was made, however late its requests are.
ArrivalPlan plan_of(ArrivalKind kind, double rate, std::uint32_t total, std::uint64_t seed = 1) {
  return {kind, rate, total, Clock::now() - std::chrono::hours(1), seed};
}

/// The first `count` times that some ranks' requests are due, in seconds since the plan's begin.
std::vector<double> first_times(const ArrivalPlan& plan, std::uint32_t first, std::uint32_t ranks, std::size_t count) {
  Arrivals arrivals(plan, first, ranks);
  std::vector<double> times;
  for (; times.size() < count; arrivals.next()) times.push_back(Seconds(arrivals.due() - plan.begin).count());
  return times;
}

/// The times of all ranks of a plan, one Arrivals for each, in order, as far as all of them were asked.
std::vector<double> times_of_all_ranks(const ArrivalPlan& plan, std::size_t of_each) {
  std::vector<double> all;
  double end = 1e9;
  for (std::uint32_t rank = 0; rank < plan.total; ++rank) {
    const std::vector<double> own = first_times(plan, rank, 1, of_each);
    all.insert(all.end(), own.begin(), own.end());
    end = std::min(end, own.back());
  }
  std::sort(all.begin(), all.end());
  all.erase(std::upper_bound(all.begin(), all.end(), end), all.end());
  return all;
}

std::vector<double> gaps_of(const std::vector<double>& times, std::size_t count = kSamples) {
  std::vector<double> gaps;
  for (std::size_t i = 1; i < times.size() && gaps.size() < count; ++i) gaps.push_back(times[i] - times[i - 1]);
  return gaps;
}

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

/// Whether a one-sample Kolmogorov-Smirnov test at 1 % lets the gaps pass as exponential ones of that mean: the
/// greatest distance between the two distribution functions is at most 1.63 / sqrt(n).
bool pass_as_exponential(std::vector<double> gaps, double mean) {
  std::sort(gaps.begin(), gaps.end());
  const auto n = static_cast<double>(gaps.size());
  double distance = 0;
  for (std::size_t i = 0; i < gaps.size(); ++i) {
    const double expected = 1 - std::exp(-gaps[i] / mean);
    distance = std::max({distance, expected - static_cast<double>(i) / n, static_cast<double>(i + 1) / n - expected});
  }
  return distance <= 1.63 / std::sqrt(n);
}

TEST(UniformArrivals, RanksTakeTurnsAndAreEvenlySpacedTogether) {
  const ArrivalPlan plan = plan_of(ArrivalKind::uniform, 8'000, 16);
  const std::vector<double> times = times_of_all_ranks(plan, 1'000);
  EXPECT_NEAR(times.front(), 0, 1e-9);
  for (std::size_t i = 0; i < times.size(); ++i) ASSERT_NEAR(times[i], static_cast<double>(i) / 8'000, 2e-9) << i;
}

TEST(UniformArrivals, HaveExactlyRateTimesTime) {
  const ArrivalPlan plan = plan_of(ArrivalKind::uniform, 700, 7);
  const std::vector<double> times = times_of_all_ranks(plan, 1'500);
  const auto second = [&times](double from) {
    return std::count_if(times.begin(), times.end(),
                         [from](double t) { return t >= from - 1e-6 && t < from + 1 - 1e-6; });
  };
  for (const int from : {0, 1, 7, 13}) EXPECT_EQ(second(from), 700) << from;
}

/// A sum of rounded gaps would have run away from the plan by then.
TEST(UniformArrivals, NeverDriftFromThePlan) {
  const ArrivalPlan plan = plan_of(ArrivalKind::uniform, 3, 1);
  Arrivals arrivals(plan, 0, 1);
  for (int i = 0; i < 3'000'000; ++i) arrivals.next();
  EXPECT_NEAR(Seconds(arrivals.due() - plan.begin).count(), 1'000'000, 1e-6);
}

TEST(UniformArrivals, OfSeveralRanksAreThoseOfEachOfThem) {
  const ArrivalPlan plan = plan_of(ArrivalKind::uniform, 1'000, 10);
  std::vector<double> one_by_one;
  for (const std::uint32_t rank : {3U, 4U, 5U, 6U}) {
    const std::vector<double> own = first_times(plan, rank, 1, 50);
    one_by_one.insert(one_by_one.end(), own.begin(), own.end());
  }
  std::sort(one_by_one.begin(), one_by_one.end());
  EXPECT_EQ(first_times(plan, 3, 4, 200), one_by_one);
}

TEST(PoissonArrivals, GapsAreExponentialAndHaveTheRightMean) {
  const ArrivalPlan plan = plan_of(ArrivalKind::poisson, 1'000, 1);
  const std::vector<double> gaps = gaps_of(first_times(plan, 0, 1, kSamples + 1));
  ASSERT_EQ(gaps.size(), kSamples);
  EXPECT_NEAR(mean_of(gaps), 0.001, 0.00003);
  EXPECT_TRUE(pass_as_exponential(gaps, 0.001));
}

TEST(PoissonArrivals, OfAllRanksTogetherAreOnePoissonProcess) {
  const ArrivalPlan plan = plan_of(ArrivalKind::poisson, 16'000, 16);
  const std::vector<double> gaps = gaps_of(times_of_all_ranks(plan, 2 * kSamples / 16));
  ASSERT_EQ(gaps.size(), kSamples);
  EXPECT_NEAR(mean_of(gaps), 1.0 / 16'000, 0.03 / 16'000);
  EXPECT_TRUE(pass_as_exponential(gaps, 1.0 / 16'000));
}

TEST(PoissonArrivals, OfSeveralRanksHaveTheRateOfAllOfThem) {
  const ArrivalPlan plan = plan_of(ArrivalKind::poisson, 10'000, 10);
  const std::vector<double> gaps = gaps_of(first_times(plan, 2, 4, kSamples + 1));
  EXPECT_NEAR(mean_of(gaps), 1.0 / 4'000, 0.03 / 4'000);
  EXPECT_TRUE(pass_as_exponential(gaps, 1.0 / 4'000));
}

TEST(PoissonArrivals, FollowFromTheSeedAndTheRank) {
  const ArrivalPlan plan = plan_of(ArrivalKind::poisson, 1'000, 2, 5);
  ArrivalPlan other = plan;
  other.seed = 6;
  const std::vector<double> times = first_times(plan, 0, 1, 100);
  EXPECT_EQ(first_times(plan, 0, 1, 100), times);
  EXPECT_NE(first_times(plan, 1, 1, 100), times);
  EXPECT_NE(first_times(other, 0, 1, 100), times);
}

/// The test of the tests above.
TEST(KolmogorovSmirnov, RejectsGapsThatAreNotExponential) {
  const ArrivalPlan uniform = plan_of(ArrivalKind::uniform, 1'000, 1);
  EXPECT_FALSE(pass_as_exponential(gaps_of(first_times(uniform, 0, 1, kSamples + 1)), 0.001));
  const ArrivalPlan poisson = plan_of(ArrivalKind::poisson, 1'000, 1);
  const std::vector<double> gaps = gaps_of(first_times(poisson, 0, 1, kSamples + 1));
  EXPECT_FALSE(pass_as_exponential(gaps, 0.00105)) << "a mean that is 5 % off";
}

}  // namespace
}  // namespace weir::load
