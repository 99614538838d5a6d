#include "client/compare/inference.hpp"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <map>
#include <numeric>
#include <random>
#include <span>

namespace weir::load {

namespace {

constexpr unsigned kResamples = 2000;
constexpr double kConfidence = 0.95;
constexpr std::uint64_t kSeed = 20'231;
/// No spread is taken to be smaller than what a histogram's buckets leave open (1/1024, evenly).
constexpr double kLeastSpread = 1.0 / 1024 / 3.46;

/// The values of one quantity's histogram that occur on either side, densely numbered.
struct Scale {
  std::vector<double> values;  ///< what a bucket stands for, in ns
  std::map<std::int64_t, std::size_t> index;

  explicit Scale(const std::map<std::int64_t, std::size_t>& lowest) {
    for (const auto& [ns, unused] : lowest) {
      index.emplace(ns, values.size());
      values.push_back(static_cast<double>(Histogram::highest_equivalent(std::chrono::nanoseconds(ns)).count()));
    }
  }
};

/// Sums over stretches of one run's blocks, by prefix sums.
class PrefixSums {
 public:
  PrefixSums(const Blocks& run, const std::array<Scale, kCompared>& scales) {
    for (std::size_t kind = 0; kind < kCompared; ++kind) {
      const std::size_t width = scales[kind].values.size();
      std::vector<double>& rows = counts_[kind];
      width_[kind] = width;
      rows.assign((run.size() + 1) * width, 0);
      for (std::size_t i = 0; i < run.size(); ++i) {
        std::copy_n(rows.begin() + static_cast<std::ptrdiff_t>(i * width), width,
                    rows.begin() + static_cast<std::ptrdiff_t>((i + 1) * width));
        for (const Histogram::Bucket& bucket : run[i].times[kind]) {
          rows[(i + 1) * width + scales[kind].index.at(bucket.lowest.count())] += static_cast<double>(bucket.count);
        }
      }
    }
    done_.push_back(0);
    seconds_.push_back(0);
    for (const Block& block : run) {
      done_.push_back(done_.back() + block.done);
      seconds_.push_back(seconds_.back() + block.seconds);
    }
  }

  std::size_t size() const { return done_.size() - 1; }

  /// Adds blocks [first, next) to what was gathered.
  void add(std::size_t first, std::size_t next, std::array<std::vector<double>, kCompared>& counts, double& done,
           double& seconds) const {
    for (std::size_t kind = 0; kind < kCompared; ++kind) {
      const std::size_t width = width_[kind];
      const double* const from = counts_[kind].data() + first * width;
      const double* const to = counts_[kind].data() + next * width;
      double* const sum = counts[kind].data();
      for (std::size_t i = 0; i < width; ++i) sum[i] += to[i] - from[i];
    }
    done += done_[next] - done_[first];
    seconds += seconds_[next] - seconds_[first];
  }

 private:
  std::array<std::vector<double>, kCompared> counts_;
  std::array<std::size_t, kCompared> width_{};
  std::vector<double> done_;
  std::vector<double> seconds_;
};

/// What was drawn of one side.
class Gathered {
 public:
  explicit Gathered(const std::array<Scale, kCompared>& scales) : scales_(scales) { clear(); }

  void clear() {
    for (std::size_t kind = 0; kind < kCompared; ++kind) counts_[kind].assign(scales_[kind].values.size(), 0);
    done_ = seconds_ = 0;
  }
  void add(const PrefixSums& run, std::size_t first, std::size_t next) {
    run.add(first, next, counts_, done_, seconds_);
  }
  void add(const PrefixSums& run) { add(run, 0, run.size()); }

  double count(Compared of) const {
    double sum = 0;
    for (const double count : counts_[static_cast<std::size_t>(of)]) sum += count;
    return sum;
  }

  /// Each quantity's value, 0 where there is none.
  void evaluate(const std::vector<Quantity>& quantities, std::vector<double>& values) {
    for (std::size_t kind = 0; kind < kCompared; ++kind) {
      up_to_[kind].resize(counts_[kind].size());
      std::partial_sum(counts_[kind].begin(), counts_[kind].end(), up_to_[kind].begin());
    }
    values.clear();
    for (const Quantity& quantity : quantities) {
      values.push_back(quantity.what == Quantity::What::rate ? (seconds_ > 0 ? done_ / seconds_ : 0)
                                                             : percentile(quantity.of, quantity.percent));
    }
  }

 private:
  /// As Histogram::percentile() gives it. Counts are whole, so half of one stands for rounding.
  double percentile(Compared of, double percent) const {
    const auto kind = static_cast<std::size_t>(of);
    const std::vector<double>& up_to = up_to_[kind];
    if (up_to.empty() || up_to.back() < 0.5) return 0;
    const double rank = std::max(1.0, std::ceil(percent / 100 * up_to.back() - 1e-6));
    const auto found = std::lower_bound(up_to.begin(), up_to.end(), rank - 0.5);
    return found == up_to.end() ? scales_[kind].values.back()
                                : scales_[kind].values[static_cast<std::size_t>(found - up_to.begin())];
  }

  const std::array<Scale, kCompared>& scales_;
  std::array<std::vector<double>, kCompared> counts_;
  std::array<std::vector<double>, kCompared> up_to_;  ///< sums of counts_
  double done_ = 0;
  double seconds_ = 0;
};

double mean_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double variance_of(std::span<const double> values) {
  const double mean = mean_of(values);
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return squares / static_cast<double>(values.size() - 1);
}

std::vector<double> logarithms(const std::vector<double>& values) {
  std::vector<double> logs;
  logs.reserve(values.size());
  for (const double value : values) logs.push_back(std::log(std::max(value, 1e-9)));
  return logs;
}

/// How many spreads an interval reaches to each side: what the normal distribution would take for this, Student's t
/// takes at the same level, because the spread was found from so few independent draws.
double reach_of(double critical, double degrees) {
  const double beyond = boost::math::cdf(boost::math::complement(boost::math::normal(), critical));
  return boost::math::quantile(boost::math::complement(boost::math::students_t(std::max(degrees, 1.0)), beyond));
}

/// A bootstrap of so many draws finds this much less variance than there is.
double correction(double draws) { return draws > 1 ? draws / (draws - 1) : 2; }

std::size_t blocks_in(const Sample& sample) {
  std::size_t blocks = 0;
  for (const Blocks& run : sample) blocks += run.size();
  return blocks;
}

/// How many blocks are drawn at once. Few long stretches see slow moods (minutes, of long runs), and Student's t pays
/// for their number; many short ones would take what lasts for some blocks for chance, and find differences where none
/// are.
std::size_t stretch_of(std::size_t blocks) {
  const double draws = std::max(0.8 * std::sqrt(static_cast<double>(blocks)), 4.0);
  return std::max<std::size_t>(1, static_cast<std::size_t>(static_cast<double>(blocks) / draws));
}

class Bootstrap {
 public:
  Bootstrap(const Sample& a, const Sample& b, bool paired, const std::vector<Quantity>& quantities)
      : quantities_(quantities), scales_(scales_of(a, b)) {
    // Of a run without blocks there is nothing to draw.
    for (const Blocks& run : a) {
      if (!run.empty()) a_.emplace_back(run, scales_);
    }
    for (const Blocks& run : b) {
      if (!run.empty()) b_.emplace_back(run, scales_);
    }
    result_.blocks_a = blocks_in(a);
    result_.blocks_b = blocks_in(b);
    if (paired) {
      if (result_.blocks_a >= kLeastBlocks) result_.resampling = Resampling::paired_blocks;
    } else {
      const std::size_t runs = std::min(a_.size(), b_.size());
      const bool has_blocks = std::min(result_.blocks_a, result_.blocks_b) >= kLeastBlocks;
      if (runs >= kManyRuns || (runs >= kLeastRuns && has_blocks)) {
        result_.resampling = Resampling::runs;
      } else if (has_blocks) {
        result_.resampling = Resampling::moving_blocks;
      }
    }
    result_.confidence = kConfidence;
    find_lengths(a, b);
  }

  Inference run() {
    find_values();
    if (result_.resampling != Resampling::none) {
      draw();
      find_intervals();
    }
    return std::move(result_);
  }

 private:
  static std::array<Scale, kCompared> scales_of(const Sample& a, const Sample& b) {
    std::array<std::map<std::int64_t, std::size_t>, kCompared> lowest;
    for (const Sample* sample : {&a, &b}) {
      for (const Blocks& run : *sample) {
        for (const Block& block : run) {
          for (std::size_t kind = 0; kind < kCompared; ++kind) {
            for (const Histogram::Bucket& bucket : block.times[kind]) lowest[kind].emplace(bucket.lowest.count(), 0);
          }
        }
      }
    }
    return {Scale(lowest[0]), Scale(lowest[1]), Scale(lowest[2])};
  }

  void find_lengths(const Sample& a, const Sample& b);
  void find_values();
  void draw();
  void find_intervals();
  /// How what was drawn of a difference lies around its middle, corrected for how few were drawn from.
  struct Spread {
    double middle = 0;
    double deviation = 0;
    double degrees = 1;
  };
  Spread spread_of(const std::vector<double>& a, const std::vector<double>& b) const;
  void draw_side(const std::vector<PrefixSums>& runs, Gathered& gathered);
  void draw_within(const PrefixSums& run, Gathered& gathered);
  std::size_t pick(std::size_t below) { return std::uniform_int_distribution<std::size_t>(0, below - 1)(random_); }

  const std::vector<Quantity>& quantities_;
  const std::array<Scale, kCompared> scales_;
  std::vector<PrefixSums> a_;
  std::vector<PrefixSums> b_;
  std::mt19937_64 random_{kSeed};
  Inference result_;
  double draws_a_ = 0;  ///< independent ones that one resample consists of
  double draws_b_ = 0;
  /// For each quantity the values that were drawn, of both sides.
  std::vector<std::vector<double>> values_a_, values_b_;
};

void Bootstrap::find_lengths(const Sample& a, const Sample& b) {
  const auto seconds = [](const Sample& sample) {
    double sum = 0;
    for (const Blocks& run : sample) {
      for (const Block& block : run) sum += block.seconds;
    }
    return sum;
  };
  const double all = seconds(a) + seconds(b);
  if (result_.resampling == Resampling::runs) {
    draws_a_ = static_cast<double>(a_.size());
    draws_b_ = static_cast<double>(b_.size());
    result_.block_seconds = all / (draws_a_ + draws_b_);
    return;
  }
  const auto draws = [this](const std::vector<PrefixSums>& runs) {
    double sum = 0;
    for (const PrefixSums& run : runs) {
      sum += static_cast<double>(run.size()) / static_cast<double>(stretch_of(run.size()));
    }
    return sum;
  };
  if (result_.resampling == Resampling::paired_blocks) {
    draws_a_ = draws_b_ = static_cast<double>(result_.blocks_a);
  } else {
    draws_a_ = draws(a_);
    draws_b_ = draws(b_);
  }
  if (draws_a_ + draws_b_ > 0) result_.block_seconds = all / (draws_a_ + draws_b_);
}

void Bootstrap::find_values() {
  Gathered a(scales_);
  Gathered b(scales_);
  for (const PrefixSums& run : a_) a.add(run);
  for (const PrefixSums& run : b_) b.add(run);
  std::vector<double> values_a;
  std::vector<double> values_b;
  a.evaluate(quantities_, values_a);
  b.evaluate(quantities_, values_b);
  for (std::size_t i = 0; i < quantities_.size(); ++i) {
    const Quantity& quantity = quantities_[i];
    Difference difference;
    difference.a = values_a[i];
    difference.b = values_b[i];
    difference.is_known = difference.a > 0 && difference.b > 0;
    if (quantity.what == Quantity::What::percentile) {
      const double beyond = std::min(a.count(quantity.of), b.count(quantity.of)) * (1 - quantity.percent / 100);
      // A hundred values have one beyond p99, whatever the rounding of 0.99 says.
      difference.is_known = difference.is_known && beyond > kLeastBeyond - 1e-6;
    }
    if (difference.a > 0) difference.change = difference.b / difference.a - 1;
    difference.added = difference.b - difference.a;
    result_.differences.push_back(difference);
  }
}

void Bootstrap::draw_side(const std::vector<PrefixSums>& runs, Gathered& gathered) {
  gathered.clear();
  for (const PrefixSums& one : runs) {
    const PrefixSums& run = result_.resampling == Resampling::runs ? runs[pick(runs.size())] : one;
    draw_within(run, gathered);
  }
}

void Bootstrap::draw_within(const PrefixSums& run, Gathered& gathered) {
  const std::size_t stretch = stretch_of(run.size());
  for (std::size_t drawn = 0; drawn < run.size(); drawn += stretch) {
    const std::size_t length = std::min(stretch, run.size() - drawn);
    // In a circle, so that every block is drawn as often as any other.
    const std::size_t first = pick(run.size());
    const std::size_t next = std::min(first + length, run.size());
    gathered.add(run, first, next);
    gathered.add(run, 0, length - (next - first));
  }
}

void Bootstrap::draw() {
  Gathered a(scales_);
  Gathered b(scales_);
  std::vector<double> values_a;
  std::vector<double> values_b;
  values_a_.resize(quantities_.size());
  values_b_.resize(quantities_.size());
  result_.resamples = kResamples;
  for (unsigned sample = 0; sample < kResamples; ++sample) {
    if (result_.resampling == Resampling::paired_blocks) {
      a.clear();
      b.clear();
      for (std::size_t i = 0; i < result_.blocks_a; ++i) {
        const std::size_t block = pick(result_.blocks_a);
        a.add(a_.front(), block, block + 1);
        b.add(b_.front(), block, block + 1);
      }
    } else {
      draw_side(a_, a);
      draw_side(b_, b);
    }
    a.evaluate(quantities_, values_a);
    b.evaluate(quantities_, values_b);
    for (std::size_t i = 0; i < quantities_.size(); ++i) {
      // A draw may have none of the few values that there are; then it says what all of them say.
      const double value_a = values_a[i] > 0 ? values_a[i] : result_.differences[i].a;
      const double value_b = values_b[i] > 0 ? values_b[i] : result_.differences[i].b;
      values_a_[i].push_back(value_a);
      values_b_[i].push_back(value_b);
    }
  }
}

Bootstrap::Spread Bootstrap::spread_of(const std::vector<double>& a, const std::vector<double>& b) const {
  std::vector<double> differences(a.size());
  for (std::size_t k = 0; k < a.size(); ++k) differences[k] = b[k] - a[k];
  Spread spread;
  spread.middle = mean_of(differences);
  if (result_.resampling == Resampling::paired_blocks) {
    spread.deviation = std::sqrt(variance_of(differences) * correction(draws_a_));
    spread.degrees = draws_a_ - 1;
    return spread;
  }
  // Degrees of freedom of a difference of two means (Welch 1947, Satterthwaite 1946).
  const double variance_a = variance_of(a) * correction(draws_a_);
  const double variance_b = variance_of(b) * correction(draws_b_);
  spread.deviation = std::sqrt(variance_a + variance_b);
  const double parts =
      std::pow(variance_a, 2) / std::max(1.0, draws_a_ - 1) + std::pow(variance_b, 2) / std::max(1.0, draws_b_ - 1);
  spread.degrees = parts > 0 ? std::pow(variance_a + variance_b, 2) / parts : draws_a_ + draws_b_ - 2;
  return spread;
}

void Bootstrap::find_intervals() {
  // The largest standardized difference of each draw, over all quantities that are known.
  std::vector<double> largest(kResamples, 0);
  std::vector<Spread> relative(quantities_.size());
  std::vector<Spread> absolute(quantities_.size());
  bool any = false;
  for (std::size_t i = 0; i < quantities_.size(); ++i) {
    const Difference& difference = result_.differences[i];
    if (!difference.is_known) continue;
    any = true;
    const std::vector<double> logs_a = logarithms(values_a_[i]);
    const std::vector<double> logs_b = logarithms(values_b_[i]);
    relative[i] = spread_of(logs_a, logs_b);
    absolute[i] = spread_of(values_a_[i], values_b_[i]);
    relative[i].deviation = std::max(relative[i].deviation, kLeastSpread);
    absolute[i].deviation = std::max(absolute[i].deviation, kLeastSpread * difference.a);
    for (std::size_t k = 0; k < kResamples; ++k) {
      const double off = std::abs(logs_b[k] - logs_a[k] - relative[i].middle) / relative[i].deviation;
      largest[k] = std::max(largest[k], off);
    }
  }
  if (!any) {
    result_.resampling = Resampling::none;
    return;
  }
  const auto at = static_cast<std::ptrdiff_t>(kConfidence * kResamples);
  std::nth_element(largest.begin(), largest.begin() + at, largest.end());
  const double critical = std::max(largest[static_cast<std::size_t>(at)],
                                   boost::math::quantile(boost::math::normal(), 1 - (1 - kConfidence) / 2));
  for (std::size_t i = 0; i < quantities_.size(); ++i) {
    Difference& difference = result_.differences[i];
    if (!difference.is_known) continue;
    const double change = std::log(difference.b / difference.a);
    const double off = reach_of(critical, relative[i].degrees) * relative[i].deviation;
    const double added_off = reach_of(critical, absolute[i].degrees) * absolute[i].deviation;
    difference.low = std::exp(change - off) - 1;
    difference.high = std::exp(change + off) - 1;
    difference.added_low = difference.added - added_off;
    difference.added_high = difference.added + added_off;
  }
}

}  // namespace

Inference infer(const Sample& a, const Sample& b, bool paired, const std::vector<Quantity>& quantities) {
  return Bootstrap(a, b, paired, quantities).run();
}

}  // namespace weir::load
