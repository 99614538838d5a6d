#pragma once

#include <algorithm>
#include <array>
#include <chrono>

namespace weir::bench {

/// What came of five rounds of the same work. The least is what the work costs; what is above it, the machine adds.
struct Rounds {
  double least;
  double median;
};

/// Calls `round`, which returns a figure, five times.
template <typename Round>
Rounds five_rounds(const Round& round) {
  std::array<double, 5> figures{};
  for (double& figure : figures) figure = round();
  std::sort(figures.begin(), figures.end());
  return {figures.front(), figures[2]};
}

inline double nanoseconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace weir::bench
