#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace weir::load {

/// One demand on a run: `p99=5ms`, `max=1s`, `mean=2ms`, `errors=0.1%`, `errors=3`, `rate=99%`, `rate=10k`.
struct SloClause {
  enum class What : std::uint8_t {
    percentile,    ///< of the response times (cycle times of the connect workload), at most `time`
    mean,          ///< at most `time`
    max,           ///< at most `time`
    error_count,   ///< at most `number`
    error_share,   ///< of what was attempted, at most `number` (0 to 1)
    rate,          ///< a second, at least `number`
    rate_of_plan,  ///< of the rate that was asked for, at least `number` (0 to 1)
  };

  std::string text;  ///< as it was written
  std::string name;  ///< what stands before the `=`
  What what = What::percentile;
  double percent = 0;  ///< of a percentile: 99.9
  std::chrono::nanoseconds time{0};
  double number = 0;

  bool is_of_time() const { return what == What::percentile || what == What::mean || what == What::max; }
  /// A number of errors or a rate, and no share.
  bool is_of_number() const { return what == What::error_count || what == What::rate; }
  bool is_of_errors() const { return what == What::error_count || what == What::error_share; }
};

/// Clauses with commas between them. Throws std::invalid_argument with a sentence that shows what would be right.
std::vector<SloClause> parse_slo(const std::string& text);

/// `p99.9` as 99.9. Throws std::invalid_argument where that is none.
double parse_percentile(const std::string& name);

/// `0.1%` as 0.001. Throws std::invalid_argument where that is none of 0 to 1000 %.
double parse_percent(const std::string& text);

}  // namespace weir::load
