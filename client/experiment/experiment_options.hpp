#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/compare/comparison.hpp"
#include "client/load_options.hpp"

namespace weir::load {

/// What `weir-load ab` was told, or `weir-load echo --via --direct`.
struct AbOptions {
  LoadOptions plan;  ///< without a target; its duration is that of both sides together
  Address a;
  Address b;
  Question question = Question::ab;
  std::optional<LoadOptions::Duration> block;  ///< of time on one side before it is the other's turn
  std::vector<std::int64_t> pids;              ///< of the proxy's processes
  CompareSettings settings;

  static constexpr LoadOptions::Duration kDefaultDuration = std::chrono::seconds(20);
};

/// What `weir-load capacity` was told.
struct CapacityOptions {
  LoadOptions plan;                                      ///< its rate is not used
  LoadOptions::Duration step = std::chrono::seconds(3);  ///< the least that a rate is held
  double precision = 0.02;                               ///< between the rate that is met and the one that is not
  std::optional<double> most;                            ///< no rate beyond it is tried
};

}  // namespace weir::load
