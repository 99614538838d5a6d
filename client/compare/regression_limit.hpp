#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir::load {

/// By how much B may be worse than A: `p99=10%`, `p99=500us`, `rate=5%`, `errors=0.1%`, `wrong=0`.
struct RegressionLimit {
  enum class What : std::uint8_t {
    percentile,  ///< of the times, by `share` or `time`
    rate,        ///< lower by `share`
    errors,      ///< the share of what was attempted that failed, greater by `share`: 0.1 % are ten of 10,000 more
    wrong,       ///< wrong replies, `number` more
  };

  std::string text;  ///< as it was written
  std::string name;  ///< `p99`, `rate`, `errors`, `wrong`
  What what = What::percentile;
  double percent = 0;                                 ///< of a percentile
  double share = 0;                                   ///< relative, but of errors absolute
  std::optional<std::chrono::nanoseconds> time = {};  ///< absolute, in place of `share`
  std::uint64_t number = 0;                           ///< of wrong replies

  /// Whether chance has a part in it, so that an interval decides.
  bool is_of_difference() const { return what == What::percentile || what == What::rate; }
};

/// Limits with commas between them. Throws std::invalid_argument.
std::vector<RegressionLimit> parse_regression_limits(const std::string& text);

}  // namespace weir::load
