#include "client/report/table.hpp"

#include <algorithm>
#include <cstdlib>

#include "client/report/numbers.hpp"
#include "common/counted.hpp"
#include "common/units.hpp"

namespace weir::load {

namespace {

constexpr std::size_t kLongestName = 28;
constexpr int kColumn = 10;

std::string more_than(std::chrono::nanoseconds base, std::chrono::nanoseconds time) {
  return (time < base ? "-" : "+") + display_duration(std::chrono::abs(time - base));
}

}  // namespace

std::string results_table(const std::vector<NamedResult>& results) {
  std::size_t width = 4;
  for (const auto& [name, result] : results) width = std::max(width, std::min(name.size(), kLongestName));
  const auto named = [width](std::string name) {
    name.resize(std::min(name.size(), width));
    return "  " + name + std::string(width - name.size(), ' ');
  };
  std::string text = named("");
  for (const char* column : {"a second", "p50", "p99", "added", "wrong"}) text += right(column, kColumn);
  text += "\n";
  for (const auto& [name, result] : results) {
    const Histogram& times = result.times();
    const bool has_times = times.count() != 0;
    const auto time = [has_times](std::chrono::nanoseconds value) { return has_times ? display_duration(value) : "-"; };
    const std::chrono::nanoseconds base = results.front().second.times().percentile(50);
    const bool is_first = &result == &results.front().second;
    text += named(name) + right(display_rate(result.rate()), kColumn);
    text += right(time(times.percentile(50)), kColumn) + right(time(times.percentile(99)), kColumn);
    text += right(is_first || !has_times || base.count() == 0 ? "-" : more_than(base, times.percentile(50)), kColumn);
    text += right(grouped(result.stats.failures.wrong_replies()), kColumn) + "\n";
  }
  return text;
}

}  // namespace weir::load
