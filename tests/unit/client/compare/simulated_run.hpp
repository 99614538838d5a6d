#pragma once

#include <cmath>
#include <random>

#include "client/compare/sample.hpp"

namespace weir::load {

/// A run that is drawn: values around 200 us, blocks of a second whose mood lasts into the next ones.
struct SimulatedPlan {
  int blocks = 30;
  int values = 400;       ///< in each block
  double spread = 0.15;   ///< of the values, of their logarithm
  double mood = 0.03;     ///< of blocks, likewise
  double memory = 0.5;    ///< of a block's mood, what the next one keeps
  double factor = 1;      ///< on all values
  double slow_share = 0;  ///< of the values, so many are ten times as long
};

inline Blocks simulate(std::mt19937_64& random, const SimulatedPlan& plan) {
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> even;
  double mood = normal(random) * plan.mood;
  Blocks run;
  for (int i = 0; i < plan.blocks; ++i) {
    mood = plan.memory * mood + std::sqrt(1 - plan.memory * plan.memory) * plan.mood * normal(random);
    std::vector<std::int64_t> values;
    for (int n = 0; n < plan.values; ++n) {
      double value = 2e5 * std::exp(plan.spread * normal(random) + mood) * plan.factor;
      if (plan.slow_share > 0 && even(random) < plan.slow_share) value *= 10;
      values.push_back(std::llround(value));
    }
    Histogram histogram;
    for (const std::int64_t value : values) histogram.record(std::chrono::nanoseconds(value));
    run.push_back({1, plan.values / (std::exp(mood) * plan.factor), {histogram.buckets(), {}}});
  }
  return run;
}

}  // namespace weir::load
