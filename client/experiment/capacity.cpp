#include "client/experiment/capacity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "client/experiment/rate_search.hpp"
#include "client/experiment/step_control.hpp"
#include "client/load_run.hpp"
#include "client/report/numbers.hpp"
#include "client/report/slo_findings.hpp"
#include "common/units.hpp"
#include "common/version.hpp"

namespace weir::load {

namespace {

using Duration = LoadOptions::Duration;

constexpr Duration kProbe = std::chrono::seconds(2);
constexpr Duration kLongestStep = std::chrono::minutes(1);
/// So many values are to lie beyond a percentile before it is believed.
constexpr double kBeyond = 20;
/// A target that does so much less than the plan does not keep up.
constexpr double kKeepsUp = 0.99;
/// Where waiting grows by more than this each second, the rate is more than what is served: by that share.
constexpr double kGrowth = 0.005;
/// What the first rate is, of what a closed loop came to.
constexpr double kFirst = 0.5;

class CapacityRun {
 public:
  explicit CapacityRun(const CapacityOptions& options) : options_(options), control_(options.plan.quiet) {
    found_.options = options;
    found_.version = kVersion;
    found_.started = std::chrono::system_clock::now();
    found_.machine = this_machine();
  }

  Capacity run() {
    probe();
    if (!found_.interrupted) {
      const double most = options_.most.value_or(std::numeric_limits<double>::max());
      const RateBracket bracket = search_rate(std::max(found_.closed_loop_rate * kFirst, 1.0), most, options_.precision,
                                              [this](double rate) { return ask(rate); });
      found_.met = bracket.met;
      found_.failed = bracket.failed;
    }
    judge();
    return std::move(found_);
  }

 private:
  /// What a closed loop comes to: a first idea of how much there may be.
  void probe();
  Answer ask(double rate);
  CapacityStep try_rate(double rate, const char* again);
  Duration step_length(double rate) const;
  void judge();

  const CapacityOptions& options_;
  StepControl control_;
  Capacity found_;
};

void CapacityRun::probe() {
  LoadOptions plan = options_.plan;
  plan.rate.reset();
  plan.duration = std::min<Duration>(kProbe, options_.step);
  plan.warmup = *plan.duration / 5;
  plan.slo.clear();
  control_.next("closed loop", 0, 0);
  const LoadResult result = run_load(plan, {.all_connections = plan.connections}, control_);
  found_.endpoint = result.endpoint;
  found_.interrupted = result.ended_by == EndedBy::interrupt;
  if (result.ended_by == EndedBy::no_connection || (result.rate() <= 0 && !found_.interrupted)) {
    const std::string why = result.stats.examples.empty() ? "no reply came" : result.stats.examples[0];
    throw std::runtime_error(fmt::format("{}: {}", plan.target.to_string(), why));
  }
  found_.closed_loop_rate = result.rate();
  if (result.stats.failures.wrong_replies() != 0) {
    throw std::runtime_error("the replies are wrong: see weir-load echo " + plan.target.to_string());
  }
}

Duration CapacityRun::step_length(double rate) const {
  double values = 0;
  for (const SloClause& clause : options_.plan.slo) {
    if (clause.what == SloClause::What::percentile) values = std::max(values, kBeyond / (1 - clause.percent / 100));
  }
  const Duration needed(static_cast<std::int64_t>(std::min(values / rate * 1e6, 1e9)));
  return std::clamp(needed, options_.step, std::max(options_.step, kLongestStep));
}

CapacityStep CapacityRun::try_rate(double rate, const char* again) {
  LoadOptions plan = options_.plan;
  plan.rate = rate;
  plan.duration = step_length(rate);
  if (plan.warmup.count() == 0) plan.warmup = *plan.duration / 5;
  plan.interval = std::max<Duration>(*plan.duration / 10, std::chrono::milliseconds(10));
  control_.next(fmt::format("step {}: {}/s{}", found_.steps.size() + 1, display_rate(rate), again), 0, 1);
  CapacityStep step{rate, run_load(plan, {.all_connections = plan.connections}, control_), false, {}};
  const LoadResult& result = step.result;
  for (const SloFinding& finding : slo_findings(result, plan.slo)) {
    if (!finding.met) step.broken.push_back(finding.sentence);
  }
  const bool judges_errors = plan.slo_judges_errors();
  if (!judges_errors && result.stats.failures.total() != 0) {
    step.broken.push_back(grouped(result.stats.failures.total()) + " errors");
  }
  if (result.rate() < rate * kKeepsUp) {
    step.broken.push_back(fmt::format("only {} a second were served", display_rate(result.rate())));
  }
  if (const double growth = queue_growth(result); growth > kGrowth) {
    step.broken.push_back(fmt::format("the queue grew: each second, requests waited {} longer",
                                      display_duration(std::chrono::nanoseconds(std::llround(growth * 1e9)))));
  }
  step.met = step.broken.empty();
  return step;
}

Answer CapacityRun::ask(double rate) {
  for (const char* again : {"", " again"}) {
    CapacityStep step = try_rate(rate, again);
    if (step.result.ended_by == EndedBy::interrupt) {
      found_.interrupted = true;
      return Answer::stop;
    }
    const bool met = step.met;
    const bool wrong = step.result.stats.failures.wrong_replies() != 0;
    found_.steps.push_back(std::move(step));
    if (wrong) return Answer::stop;
    if (met) return Answer::met;
  }
  return Answer::failed;
}

void CapacityRun::judge() {
  const CapacityStep* first_failed = nullptr;
  for (const CapacityStep& step : found_.steps) {
    if (found_.failed && !step.met && step.rate == *found_.failed) first_failed = &step;
  }
  if (first_failed == nullptr) {
    found_.gave_way = "nothing";
    found_.reason = found_.interrupted ? "the search was interrupted"
                    : options_.most    ? "the highest rate that was to be tried is still met"
                                       : "no rate was tried that is not met";
    return;
  }
  const Verdict verdict = first_failed->result.verdict();
  // An open loop whose every request was sent when it was due met no limit of its own: the replies came late.
  const bool of_path = verdict.limited_by == "rate" || verdict.limited_by == "nothing";
  found_.gave_way = of_path ? "server" : verdict.limited_by;
  found_.reason = fmt::format("at {} a second, {}", display_rate(first_failed->rate), first_failed->broken.front());
  if (!of_path) found_.reason += "; " + verdict.reason;
}

}  // namespace

double queue_growth(const LoadResult& result) {
  const double warmup = std::chrono::duration<double>(result.options.warmup).count();
  std::vector<const Interval*> measured;
  for (const Interval& interval : result.intervals) {
    if (interval.at - interval.length >= warmup - 1e-3 && !interval.buckets.empty()) measured.push_back(&interval);
  }
  if (measured.size() < 6) return 0;
  // Of a third at each end the median, so that one slow interval is no trend.
  const std::size_t third = measured.size() / 3;
  const auto median = [&measured, third](std::size_t first) {
    std::vector<std::pair<double, double>> points;
    for (std::size_t i = first; i < first + third; ++i) {
      points.emplace_back(static_cast<double>(measured[i]->p50.count()) / 1e9, measured[i]->at);
    }
    std::nth_element(points.begin(), points.begin() + static_cast<std::ptrdiff_t>(third / 2), points.end());
    return points[third / 2];
  };
  const auto [early, early_at] = median(0);
  const auto [late, late_at] = median(measured.size() - third);
  return late_at > early_at ? std::max(0.0, (late - early) / (late_at - early_at)) : 0;
}

std::uint64_t Capacity::wrong_replies() const {
  std::uint64_t sum = 0;
  for (const CapacityStep& step : steps) sum += step.result.stats.failures.wrong_replies();
  return sum;
}

int Capacity::exit_status() const {
  if (wrong_replies() != 0) return 4;
  if (met) return 0;
  return interrupted ? 1 : 3;
}

Capacity find_capacity(const CapacityOptions& options) { return CapacityRun(options).run(); }

}  // namespace weir::load
