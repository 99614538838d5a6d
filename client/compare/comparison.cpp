#include "client/compare/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "client/compare/objections.hpp"
#include "client/compare/words.hpp"
#include "client/report/numbers.hpp"
#include "client/same_file.hpp"
#include "common/units.hpp"
#include "common/version.hpp"

namespace weir::load {

namespace {

struct Named {
  const char* what;
  Quantity quantity;
};

constexpr std::array kQuantities{
    Named{"p50", {Quantity::What::percentile, Compared::times, 50}},
    Named{"p75", {Quantity::What::percentile, Compared::times, 75}},
    Named{"p90", {Quantity::What::percentile, Compared::times, 90}},
    Named{"p99", {Quantity::What::percentile, Compared::times, 99}},
    Named{"p99.9", {Quantity::What::percentile, Compared::times, 99.9}},
    Named{"p99.99", {Quantity::What::percentile, Compared::times, 99.99}},
    Named{"connect p50", {Quantity::What::percentile, Compared::connect, 50}},
    Named{"connect p99", {Quantity::What::percentile, Compared::connect, 99}},
    Named{"handshake p50", {Quantity::What::percentile, Compared::handshake, 50}},
    Named{"handshake p99", {Quantity::What::percentile, Compared::handshake, 99}},
    Named{"rate", {Quantity::What::rate, Compared::times, 0}},
};

/// How far from zero the interval must keep to be no chance, as a share. A few bad seconds alone can decide the p99 of
/// a run, and where a side is one run nothing shows whether the next one would have them: there the whole interval has
/// to matter.
double margin_of(const Quantity& quantity, Resampling resampling, double smallest_effect) {
  constexpr double kTail = 99;
  const bool is_tail = quantity.what == Quantity::What::percentile && quantity.percent >= kTail;
  return is_tail && resampling == Resampling::moving_blocks ? smallest_effect : 0;
}

/// What a proxy adds is a time, so that the interval of the time decides whether it is chance.
Finding find(const Difference& difference, double smallest_effect, double margin, bool in_time) {
  if (!difference.is_known) return Finding::too_few;
  if (in_time && difference.added_low <= 0 && difference.added_high >= 0) {
    const bool is_small = difference.low >= -smallest_effect && difference.high <= smallest_effect;
    return is_small ? Finding::same : Finding::unclear;
  }
  if (difference.low > margin && difference.change >= smallest_effect) return Finding::higher;
  if (difference.high < -margin && difference.change <= -smallest_effect) return Finding::lower;
  if (difference.low >= -smallest_effect && difference.high <= smallest_effect) return Finding::same;
  return Finding::unclear;
}

/// The blocks of a side, those of each of its results unless others were given.
Sample sample_of(const ComparedSide& side) {
  if (side.sample) return *side.sample;
  Sample sample;
  for (const LoadResult& result : side.results) sample.push_back(blocks_of(result));
  return sample;
}

bool has(const Sample& sample, Compared times) {
  const auto index = static_cast<std::size_t>(times);
  return std::any_of(sample.begin(), sample.end(), [index](const Blocks& run) {
    return std::any_of(run.begin(), run.end(), [index](const Block& block) { return !block.times[index].empty(); });
  });
}

/// Quantities that are looked at: the usual ones, and what limits are about beside them.
std::vector<JudgedDifference> quantities_for(const std::vector<RegressionLimit>& limits, const Sample& a,
                                             const Sample& b) {
  std::vector<JudgedDifference> wanted;
  for (const Named& named : kQuantities) {
    const bool known = has(a, named.quantity.of) && has(b, named.quantity.of);
    if (named.quantity.of != Compared::times && !known) continue;
    wanted.push_back({named.what, named.quantity, {}, {}});
  }
  for (const RegressionLimit& limit : limits) {
    if (!limit.is_of_difference()) continue;
    const bool known = std::any_of(wanted.begin(), wanted.end(),
                                   [&limit](const JudgedDifference& one) { return one.what == limit.name; });
    if (known) continue;
    const auto place = std::find_if(wanted.begin(), wanted.end(), [&limit](const JudgedDifference& one) {
      return one.quantity.what == Quantity::What::rate || one.quantity.of != Compared::times ||
             one.quantity.percent > limit.percent;
    });
    wanted.insert(place, {limit.name, {Quantity::What::percentile, Compared::times, limit.percent}, {}, {}});
  }
  return wanted;
}

/// Failures and wrong replies are counted, and not drawn from: what is there happened.
JudgedRegression judge_count(const RegressionLimit& limit, const ComparedSide& a, const ComparedSide& b) {
  JudgedRegression regression{limit, 0, {}, false, true, {}};
  if (limit.what == RegressionLimit::What::wrong) {
    regression.change = static_cast<double>(b.wrong_replies()) - static_cast<double>(a.wrong_replies());
    regression.exceeded = regression.change > static_cast<double>(limit.number);
    regression.sentence = fmt::format("A had {} wrong replies and B {}, {} {} more", a.wrong_replies(),
                                      b.wrong_replies(), regression.exceeded ? "more than" : "within", limit.number);
    return regression;
  }
  regression.change = b.error_share() - a.error_share();
  // Shares of the same counts are the same, whatever their last bits say.
  constexpr double kRounding = 1e-12;
  regression.exceeded = regression.change > limit.share + kRounding;
  regression.sentence = fmt::format("of what was attempted {} failed on A and {} on B, {} {} more",
                                    plain_percent(a.error_share()), plain_percent(b.error_share()),
                                    regression.exceeded ? "more than" : "within", plain_percent(limit.share));
  return regression;
}

JudgedRegression judge(const RegressionLimit& limit, const Comparison& comparison) {
  JudgedRegression regression{limit, 0, {}, false, true, {}};
  const auto found = std::find_if(comparison.differences.begin(), comparison.differences.end(),
                                  [&limit](const JudgedDifference& one) { return one.what == limit.name; });
  const bool is_of_rate = limit.what == RegressionLimit::What::rate;
  const Difference& difference = found->difference;
  // A rate is worse when it is lower.
  regression.change = is_of_rate ? -difference.change : difference.change;
  if (!is_of_rate) regression.added = std::chrono::nanoseconds(std::llround(difference.added));
  if (difference.a > 0 && difference.b <= 0) {
    regression.exceeded = true;
    regression.sentence = "B had no reply";
    return regression;
  }
  if (!difference.is_known) {
    regression.is_known = false;
    regression.sentence = limit.name + " is not known: there are too few values, or too few intervals of time";
    return regression;
  }
  // Whoever sets a lower limit wants to know of less.
  const double margin =
      margin_of(found->quantity, comparison.inference.resampling, comparison.settings.smallest_effect);
  const double least = limit.time ? std::min(margin * difference.a, static_cast<double>(limit.time->count()))
                                  : std::min(margin, limit.share);
  const double nearest = is_of_rate ? -difference.high : limit.time ? difference.added_low : difference.low;
  const bool is_real = nearest > least;
  const bool is_large = limit.time ? regression.added > *limit.time : regression.change > limit.share;
  regression.exceeded = is_real && is_large;
  const std::string by = limit.time ? signed_duration(difference.added) : signed_percent(difference.change);
  const std::string range = limit.time ? range_of_times(difference.added_low, difference.added_high)
                                       : range_of_changes(difference.low, difference.high);
  regression.sentence = fmt::format("{} changed by {} ({})", limit.name, by, range);
  if (regression.exceeded) {
    regression.sentence += ", more than ";
  } else if (is_large) {
    regression.sentence +=
        nearest > 0 ? ", which may be less than what matters; the limit is " : ", which may be chance; the limit is ";
  } else {
    regression.sentence += ", within ";
  }
  regression.sentence += limit.time ? display_duration(*limit.time) : plain_percent(limit.share);
  return regression;
}

}  // namespace

const char* finding_key(const JudgedDifference& one) {
  const bool is_rate = one.quantity.what == Quantity::What::rate;
  switch (one.finding) {
    case Finding::higher:
      return is_rate ? "higher" : "slower";
    case Finding::lower:
      return is_rate ? "lower" : "faster";
    case Finding::same:
      return "same";
    case Finding::unclear:
      return "unclear";
    case Finding::too_few:
      return "too_few";
  }
  return "";
}

std::uint64_t ComparedSide::errors() const {
  std::uint64_t sum = 0;
  for (const LoadResult& result : results) sum += result.stats.failures.total();
  return sum;
}

std::uint64_t ComparedSide::wrong_replies() const {
  std::uint64_t sum = 0;
  for (const LoadResult& result : results) sum += result.stats.failures.wrong_replies();
  return sum;
}

double ComparedSide::error_share() const {
  double failed = 0;
  double attempted = 0;
  for (const LoadResult& result : results) {
    failed += static_cast<double>(result.stats.failures.total());
    attempted += static_cast<double>(result.attempted());
  }
  return attempted > 0 ? failed / attempted : 0;
}

double ComparedSide::rate() const {
  double seconds = 0;
  double done = 0;
  for (const LoadResult& result : results) {
    seconds += result.window_seconds;
    done += result.rate() * result.window_seconds;
  }
  return seconds > 0 ? done / seconds : 0;
}

Histogram ComparedSide::times() const {
  Histogram all;
  for (const LoadResult& result : results) all.merge(result.times());
  return all;
}

Histogram ComparedSide::all(Time time) const {
  Histogram all;
  for (const LoadResult& result : results) all.merge(result.stats[time]);
  return all;
}

Comparison compare_sides(Question question, ComparedSide a, ComparedSide b, bool paired,
                         const CompareSettings& settings) {
  Comparison comparison;
  comparison.question = question;
  comparison.settings = settings;
  comparison.made = std::chrono::system_clock::now();
  comparison.version = kVersion;
  comparison.objections = objections_to(a.results, b.results);
  for (const std::string& file : a.files) {
    const auto same =
        std::find_if(b.files.begin(), b.files.end(), [&file](const auto& other) { return is_same_file(file, other); });
    if (same == b.files.end()) continue;
    comparison.objections.push_back(fmt::format("A and B have a run in common: {}", file));
  }

  const Sample sample_a = sample_of(a);
  const Sample sample_b = sample_of(b);
  comparison.differences = quantities_for(settings.limits, sample_a, sample_b);
  std::vector<Quantity> quantities;
  for (const JudgedDifference& one : comparison.differences) quantities.push_back(one.quantity);
  comparison.inference = infer(sample_a, sample_b, paired, quantities);
  const bool has_intervals = comparison.inference.resampling != Resampling::none;
  for (std::size_t i = 0; i < quantities.size(); ++i) {
    JudgedDifference& one = comparison.differences[i];
    one.difference = comparison.inference.differences[i];
    one.difference.is_known = one.difference.is_known && has_intervals;
    const double margin = margin_of(one.quantity, comparison.inference.resampling, settings.smallest_effect);
    one.finding = find(one.difference, settings.smallest_effect, margin,
                       question == Question::via && one.quantity.what == Quantity::What::percentile);
  }
  for (const RegressionLimit& limit : settings.limits) {
    comparison.regressions.push_back(limit.is_of_difference() ? judge(limit, comparison) : judge_count(limit, a, b));
  }
  comparison.a = std::move(a);
  comparison.b = std::move(b);
  return comparison;
}

int Comparison::exit_status() const {
  if (a.wrong_replies() + b.wrong_replies() > 0) return 4;
  const bool exceeded = std::any_of(regressions.begin(), regressions.end(),
                                    [](const JudgedRegression& regression) { return regression.exceeded; });
  // Reports were judged when they were made; what was measured here was not yet.
  if (question != Question::compare && a.errors() + b.errors() > a.results.front().options.max_errors) return 1;
  if (!regressions.empty() && !objections.empty() && !settings.anyway) return 1;
  if (exceeded) return 3;
  const bool all_known = std::all_of(regressions.begin(), regressions.end(),
                                     [](const JudgedRegression& regression) { return regression.is_known; });
  return all_known ? 0 : 1;
}

}  // namespace weir::load
