#include "client/report/live.hpp"

#include <cmath>

#include "client/report/numbers.hpp"
#include "common/counted.hpp"
#include "common/units.hpp"

namespace weir::load {

namespace {

constexpr int kBar = 10;

}  // namespace

void LiveReport::connecting(double elapsed, std::uint32_t settled, std::uint32_t reached, std::uint32_t asked) {
  const double share = asked == 0 ? 1 : static_cast<double>(settled) / asked;
  std::string line;
  if (line_.is_terminal()) line = "▕" + bar(share, kBar) + "▏ ";
  line += right(std::to_string(std::lround(elapsed)), 3) + " s  connecting  " + grouped(reached) + " of " +
          grouped(asked) + " connections";
  if (settled > reached) line += "  " + grouped(settled - reached) + " failed";
  line_.show(line);
}

void LiveReport::running(const Interval& interval, std::uint32_t open, std::uint64_t failures, double progress,
                         const char* phase) {
  std::string line;
  if (line_.is_terminal() && progress >= 0) line = "▕" + bar(progress, kBar) + "▏ ";
  const double rate = interval.length > 0 ? static_cast<double>(interval.done) / interval.length : 0;
  line += right(std::to_string(std::lround(interval.at)), 3) + " s  " + phase + right(grouped(open), 7) + " conns" +
          right(display_rate(rate), 10) + "/s  p50 " + right(display_duration(interval.p50), 7) + "  p99 " +
          right(display_duration(interval.p99), 7);
  if (failures != 0) line += "  " + counted(failures, "error");
  line_.show(line);
}

}  // namespace weir::load
