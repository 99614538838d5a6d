#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/compare/sample.hpp"

namespace weir::load {

/// How the intervals of a comparison were found.
enum class Resampling : std::uint8_t {
  none,           ///< there was too little: no intervals
  moving_blocks,  ///< stretches of time within each run
  paired_blocks,  ///< blocks of both sides that lie beside each other in time
  runs,           ///< whole runs, and stretches of time within them
};

/// What is asked of both sides.
struct Quantity {
  enum class What : std::uint8_t { percentile, rate };
  What what = What::percentile;
  Compared of = Compared::times;
  double percent = 50;
};

/// How B differs from A in one quantity. The values are those of all blocks together.
struct Difference {
  double a = 0;  ///< nanoseconds, or a second
  double b = 0;
  bool is_known = false;                 ///< both sides have enough values for the intervals to mean something
  double change = 0;                     ///< b/a − 1
  double low = 0, high = 0;              ///< its interval
  double added = 0;                      ///< b − a
  double added_low = 0, added_high = 0;  ///< its interval
};

/// Differences with intervals that hold together.
struct Inference {
  Resampling resampling = Resampling::none;
  unsigned resamples = 0;
  double confidence = 0.95;
  double block_seconds = 0;  ///< length of what was drawn at once
  std::size_t blocks_a = 0;
  std::size_t blocks_b = 0;
  std::vector<Difference> differences;  ///< in the order of the quantities
};

/// Compares by a bootstrap. Time is cut into blocks because neighbouring requests are alike: a server's slow second
/// makes thousands of values slow. Stretches of blocks are drawn with replacement (moving-block bootstrap: H. R.
/// Künsch, The Jackknife and the Bootstrap for General Stationary Observations, Annals of Statistics 17, 1989), so that
/// what lasts for a few blocks stays together; blocks of both sides that lie beside each other are drawn together, and
/// whole runs where each side has kLeastRuns, and stretches within each run that was drawn: of whole runs alone there
/// are so few different draws that the largest of them is found too small. Intervals reach, from the spread of the
/// differences (on a logarithmic scale for changes), as far as the largest standardized difference over all quantities
/// does, so that they hold for all of them at once (max-T: P. H. Westfall and S. S. Young, Resampling-Based Multiple
/// Testing, 1993), and by Student's t further for how few were drawn from. The same input gives the same result.
///
/// `paired` says that each side is one run and that block i of one was measured beside block i of the other.
Inference infer(const Sample& a, const Sample& b, bool paired, const std::vector<Quantity>& quantities);

/// So many runs on each side, and the runs themselves are drawn.
inline constexpr std::size_t kLeastRuns = 2;
/// Of fewer runs than these the intervals are wide, because so few runs tell little of how runs differ.
inline constexpr std::size_t kManyRuns = 4;
/// Fewer blocks than this give no intervals.
inline constexpr std::size_t kLeastBlocks = 5;
/// A percentile needs so many values beyond it on each side.
inline constexpr double kLeastBeyond = 10;

}  // namespace weir::load
