#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace weir::load {

/// By how much B may be worse than A: `p99=10%`, `p99=500us`, `rate=5%`.
struct RegressionLimit {
  std::string text;                                   ///< as it was written
  std::string what;                                   ///< `p99`, `rate`
  double percent = 0;                                 ///< of a percentile; 0 for the rate
  double share = 0;                                   ///< relative
  std::optional<std::chrono::nanoseconds> time = {};  ///< absolute, in place of `share`

  bool is_of_rate() const { return what == "rate"; }
};

/// Limits with commas between them. Throws std::invalid_argument.
std::vector<RegressionLimit> parse_regression_limits(const std::string& text);

}  // namespace weir::load
