#include "client/compare/inference.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "tests/support/wait_until.hpp"  // WEIR_SANITIZED
#include "tests/unit/client/compare/simulated_run.hpp"

namespace weir::load {
namespace {

constexpr double kMatters = 0.05;

std::vector<Quantity> usual() {
  std::vector<Quantity> quantities;
  for (const double percent : {50.0, 75.0, 90.0, 99.0, 99.9}) {
    quantities.push_back({Quantity::What::percentile, Compared::times, percent});
  }
  quantities.push_back({Quantity::What::rate, Compared::times, 0});
  return quantities;
}

bool excludes_zero(const Difference& difference) {
  return difference.is_known && (difference.low > 0 || difference.high < 0);
}

bool is_found(const Difference& difference) {
  return excludes_zero(difference) && std::abs(difference.change) >= kMatters;
}

/// Of so many comparisons of simulated runs, in how many each quantity was found to differ, and in how many any was.
struct Found {
  std::vector<int> of_each;
  int any = 0;
  int excluding = 0;  ///< in which any interval had no zero in it, however small the difference
};

Found compare_often(int times, const SimulatedPlan& a, const SimulatedPlan& b) {
  std::mt19937_64 random(20'260);
  Found found{std::vector<int>(usual().size())};
  for (int i = 0; i < times; ++i) {
    const Sample sample_a{simulate(random, a)};
    const Sample sample_b{simulate(random, b)};
    const Inference inference = infer(sample_a, sample_b, false, usual());
    bool any = false;
    for (std::size_t k = 0; k < found.of_each.size(); ++k) {
      const bool is = is_found(inference.differences[k]);
      found.of_each[k] += is ? 1 : 0;
      any = any || is;
    }
    found.any += any ? 1 : 0;
    found.excluding += std::any_of(inference.differences.begin(), inference.differences.end(), excludes_zero) ? 1 : 0;
  }
  return found;
}

TEST(Inference, RunsOfTheSameServerDifferAtMostOnceInTwenty) {
  const Found found = compare_often(60, {}, {});
  EXPECT_LE(found.any, 3);
  // The smallest effect hides what the intervals miss, so they are looked at by themselves. With moods that last they
  // are wrong one time in twelve: five of 60, and more than ten come one time in a hundred.
  EXPECT_LE(found.excluding, 10);
}

TEST(Inference, ServerATenthSlowerIsFoundNineteenTimesOfTwenty) {
  SimulatedPlan slower;
  slower.factor = 1.1;
  const Found found = compare_often(40, {}, slower);
  EXPECT_GE(found.of_each[0], 38) << "p50";
  EXPECT_GE(found.of_each[5], 38) << "the rate";
}

TEST(Inference, OneSlowRequestOfTwoHundredShowsInTheTailAlone) {
  SimulatedPlan steady;
  steady.spread = 0.05;  // so that what was p99.5 without the slow ones, and now is p99, is no larger than it matters
  SimulatedPlan tail = steady;
  tail.slow_share = 1.0 / 200;
  const Found found = compare_often(20, steady, tail);
  EXPECT_GE(found.of_each[4], 19) << "p99.9";
  for (const std::size_t other : {0, 1, 2, 3, 5}) EXPECT_LE(found.of_each[other], 1) << usual()[other].percent;
}

/// How often something is simulated that may be found a few times at most. A sanitizer looks at the code, not at
/// figures.
int simulations(int times) {
#if defined(WEIR_SANITIZED)
  return times / 20;
#else
  return times;
#endif
}

/// Of so many comparisons of what does not differ, in how many an interval had no zero in it, however small the
/// difference. `draw` makes both sides.
int wrong_intervals(int times, bool paired, const std::function<std::pair<Sample, Sample>()>& draw) {
  int wrong = 0;
  for (int i = 0; i < simulations(times); ++i) {
    const auto [a, b] = draw();
    const Inference inference = infer(a, b, paired, usual());
    wrong += std::any_of(inference.differences.begin(), inference.differences.end(), excludes_zero) ? 1 : 0;
  }
  return wrong;
}

/// Blocks with a mood each of its own.
SimulatedPlan forgetful(int blocks) {
  SimulatedPlan plan;
  plan.blocks = blocks;
  plan.values = 60;
  plan.memory = 0;
  return plan;
}

// One in twenty may be wrong, and chance makes it some more: with 120 tries, 13 or more come one time in a hundred.

TEST(Inference, IntervalsOfTwoRunsHoldForAllQuantitiesAtOnce) {
  std::mt19937_64 random(5);
  EXPECT_LE(wrong_intervals(120, false,
                            [&random] {
                              return std::pair(Sample{simulate(random, forgetful(30))},
                                               Sample{simulate(random, forgetful(30))});
                            }),
            12);
}

class InferenceOfRuns : public testing::TestWithParam<int> {};

TEST_P(InferenceOfRuns, IntervalsHoldForAllQuantitiesAtOnce) {
  std::mt19937_64 random(6);
  std::normal_distribution<double> normal;
  const auto side = [&] {
    Sample sample;
    for (int run = 0; run < GetParam(); ++run) {
      SimulatedPlan plan = forgetful(6);
      plan.factor = std::exp(0.1 * normal(random));
      sample.push_back(simulate(random, plan));
    }
    return sample;
  };
  EXPECT_LE(wrong_intervals(120, false, [&side] { return std::pair(side(), side()); }), 12);
}
INSTANTIATE_TEST_SUITE_P(OnEachSide, InferenceOfRuns, testing::Values(2, 4));

TEST(Inference, RunsThatDifferByATenthAreNoFindingWhereThereAreTwoOfThem) {
  std::mt19937_64 random(11);
  std::normal_distribution<double> normal;
  const auto side = [&] {
    Sample sample;
    for (int run = 0; run < 2; ++run) {
      SimulatedPlan plan = forgetful(30);
      plan.factor = std::exp(0.1 * normal(random));
      sample.push_back(simulate(random, plan));
    }
    return sample;
  };
  int found = 0;
  for (int i = 0; i < simulations(80); ++i) {
    const Inference inference = infer(side(), side(), false, usual());
    found += std::any_of(inference.differences.begin(), inference.differences.end(), is_found) ? 1 : 0;
  }
  EXPECT_LE(found, 8) << "four of 80 are chance; of stretches of time alone, half of them would be found";
}

TEST(Inference, IntervalsOfFewPairsHoldForAllQuantitiesAtOnce) {
  for (const int pairs : {5, 10}) {
    std::mt19937_64 random(static_cast<unsigned>(pairs));
    EXPECT_LE(wrong_intervals(120, true,
                              [&random, pairs] {
                                return std::pair(Sample{simulate(random, forgetful(pairs))},
                                                 Sample{simulate(random, forgetful(pairs))});
                              }),
              12)
        << pairs;
  }
}

TEST(Inference, SaysTheDifferenceThatThereIs) {
  std::mt19937_64 random(1);
  const Blocks one = simulate(random, {});
  Blocks other = one;
  for (Block& block : other) {
    block.done /= 2;
    for (Histogram::Bucket& bucket : block.times[0]) bucket.lowest *= 2;
  }
  const Inference inference = infer({one}, {other}, true, usual());
  EXPECT_EQ(inference.resampling, Resampling::paired_blocks);
  for (std::size_t i = 0; i < 4; ++i) {
    const Difference& difference = inference.differences[i];
    ASSERT_TRUE(difference.is_known);
    EXPECT_NEAR(difference.change, 1, 0.003);
    EXPECT_LT(difference.low, 1);
    EXPECT_GT(difference.high, 1);
    EXPECT_GT(difference.low, 0.98) << "both sides have the same moods";
    EXPECT_NEAR(difference.added, difference.a, difference.a * 0.003);
    EXPECT_GT(difference.added_low, 0);
    EXPECT_LT(difference.added_low, difference.added);
    EXPECT_GT(difference.added_high, difference.added);
  }
  EXPECT_NEAR(inference.differences[5].change, -0.5, 1e-9) << "the rate";
}

TEST(Inference, BlocksThatLieTogetherCancelTheMoodOfTheMachine) {
  std::mt19937_64 random(3);
  SimulatedPlan moody;
  moody.mood = 0.5;
  const Blocks a = simulate(random, moody);
  Blocks b = a;
  for (Block& block : b) {
    for (Histogram::Bucket& bucket : block.times[0]) bucket.lowest = bucket.lowest * 11 / 10;
  }
  const Difference paired = infer({a}, {b}, true, usual()).differences[0];
  const Difference apart = infer({a}, {b}, false, usual()).differences[0];
  EXPECT_GT(paired.low, 0);
  EXPECT_LT(apart.low, 0) << "each by itself, it could be chance";
}

TEST(Inference, WholeRunsAreDrawnFromTwoOnEachSideOn) {
  std::mt19937_64 random(4);
  const Sample one{simulate(random, {})};
  Sample two = one;
  two.push_back(simulate(random, {}));
  const Sample with_empty{one.front(), Blocks{}};
  EXPECT_EQ(infer(two, two, false, usual()).resampling, Resampling::runs);
  EXPECT_EQ(infer(one, two, false, usual()).resampling, Resampling::moving_blocks);
  EXPECT_EQ(infer(with_empty, two, false, usual()).resampling, Resampling::moving_blocks) << "of one nothing is known";
}

TEST(Inference, TwoRunsThatAgreeFindWhatIsFarBeyondThem) {
  std::mt19937_64 random(12);
  const auto side = [&random](double factor) {
    SimulatedPlan plan;
    plan.factor = factor;
    return Sample{simulate(random, plan), simulate(random, plan)};
  };
  int found = 0;
  for (int i = 0; i < 20; ++i) found += infer(side(1), side(1.5), false, usual()).differences[0].low > 0 ? 1 : 0;
  EXPECT_GE(found, 15);
}

TEST(Inference, RunsThatDifferAmongThemselvesMakeIntervalsWide) {
  std::mt19937_64 random(6);
  // Each run of a side is its own, by up to 20 %: within a run all is steady.
  const auto side = [&random](double factor) {
    Sample sample;
    for (const double run : {0.9, 1.0, 1.1, 1.0, 0.95, 1.05}) {
      SimulatedPlan plan;
      plan.factor = run * factor;
      sample.push_back(simulate(random, plan));
    }
    return sample;
  };
  const Difference difference = infer(side(1), side(1.02), false, usual()).differences[0];
  EXPECT_LT(difference.low, 0);
  EXPECT_GT(difference.high, 0.05);
}

TEST(Inference, WithoutEnoughThereAreNoIntervals) {
  std::mt19937_64 random(8);
  SimulatedPlan shorter;
  shorter.blocks = static_cast<int>(kLeastBlocks) - 1;
  EXPECT_EQ(infer({simulate(random, shorter)}, {simulate(random, {})}, false, usual()).resampling, Resampling::none);
  EXPECT_EQ(infer({Blocks{}}, {Blocks{}}, false, usual()).resampling, Resampling::none);
  EXPECT_EQ(infer({}, {}, false, usual()).resampling, Resampling::none);
  SimulatedPlan few;
  few.values = 20;  // 600 in all: six beyond p99
  const Inference inference = infer({simulate(random, few)}, {simulate(random, few)}, false, usual());
  EXPECT_TRUE(inference.differences[2].is_known) << "p90";
  EXPECT_FALSE(inference.differences[3].is_known) << "p99";
}

TEST(Inference, SameInputGivesTheSameResult) {
  std::mt19937_64 random(9);
  const Sample a{simulate(random, {})};
  const Sample b{simulate(random, {})};
  const Inference one = infer(a, b, false, usual());
  const Inference other = infer(a, b, false, usual());
  for (std::size_t i = 0; i < one.differences.size(); ++i) {
    EXPECT_EQ(one.differences[i].low, other.differences[i].low);
    EXPECT_EQ(one.differences[i].high, other.differences[i].high);
  }
}

TEST(Inference, ValuesAreThoseOfTheHistograms) {
  std::mt19937_64 random(10);
  const Blocks run = simulate(random, {});
  Histogram all;
  for (const Block& block : run) {
    for (const Histogram::Bucket& bucket : block.times[0]) all.add(bucket);
  }
  const Inference inference = infer({run}, {run}, false, usual());
  for (std::size_t i = 0; i < 4; ++i) {
    const auto exact = static_cast<double>(all.percentile(usual()[i].percent).count());
    EXPECT_NEAR(inference.differences[i].a, exact, exact * 0.001) << usual()[i].percent;
    EXPECT_EQ(inference.differences[i].change, 0);
  }
}

}  // namespace
}  // namespace weir::load
