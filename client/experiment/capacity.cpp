#include "client/experiment/capacity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "client/experiment/first_failure.hpp"
#include "client/experiment/rate_search.hpp"
#include "client/experiment/step_control.hpp"
#include "client/load_run.hpp"
#include "client/report/numbers.hpp"
#include "client/report/slo_findings.hpp"
#include "common/counted.hpp"
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
  explicit CapacityRun(const CapacityOptions& options) : options_(options), control_(options.plan) {
    found_.options = options;
    found_.version = kVersion;
    found_.started = std::chrono::system_clock::now();
    found_.machine = this_machine();
  }

  Capacity run() {
    probe();
    if (!found_.interrupted && found_.wrong_replies == 0) {
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
    throw std::runtime_error(fmt::format("{}: {}", plan.target.to_string(), first_failure(result)));
  }
  found_.closed_loop_rate = result.rate();
  found_.wrong_replies = result.stats.failures.wrong_replies();
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
  // What one try was unlucky with, the next one need not be.
  plan.message.seed += found_.steps.size();
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
  // Of those due in the measured time, however many that were by chance, and whenever their replies came.
  const auto answered = static_cast<double>(result.stats[Count::answered]);
  if (answered < static_cast<double>(result.planned()) * kKeepsUp) {
    step.broken.push_back(fmt::format("only {} of {} requests were answered", grouped(result.stats[Count::answered]),
                                      grouped(result.planned())));
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
    const bool is_away = step.result.ended_by == EndedBy::no_connection;
    if (is_away) found_.lost = first_failure(step.result);
    found_.wrong_replies += step.result.stats.failures.wrong_replies();
    found_.steps.push_back(std::move(step));
    if (is_away || found_.wrong_replies != 0) return Answer::stop;
    if (met) return Answer::met;
  }
  return Answer::failed;
}

void CapacityRun::judge() {
  const CapacityStep* failed = nullptr;
  for (const CapacityStep& step : found_.steps) {
    if (found_.failed && !step.met && step.rate == *found_.failed) failed = &step;
  }
  if (found_.wrong_replies != 0 || !found_.lost.empty()) {
    found_.gave_way = "server";
    found_.reason = found_.wrong_replies != 0
                        ? grouped(found_.wrong_replies) + " replies were wrong, which ended the search"
                        : "no connection could be opened any more, which ended the search: " + found_.lost;
    return;
  }
  if (failed == nullptr) {
    found_.gave_way = "nothing";
    found_.reason = found_.interrupted ? "the search was interrupted"
                    : options_.most    ? "the highest rate that was to be tried is still met"
                                       : "no rate was tried that is not met";
    return;
  }
  const Verdict verdict = failed->result.verdict();
  // An open loop whose every request was sent when it was due met no limit of its own: the replies came late. And a
  // generator that is late by much less than the replies are is not what they wait for.
  const LoadResult& result = failed->result;
  const bool is_late_alone = result.stats[Time::lag].percentile(99) * 2 > result.times().percentile(99);
  const bool of_path = verdict.limited_by == "rate" || verdict.limited_by == "nothing" ||
                       (verdict.limited_by == "generator" && !is_late_alone);
  found_.gave_way = of_path ? "server" : verdict.limited_by;
  found_.reason = fmt::format("at {} a second, {}", display_rate(failed->rate), failed->broken.front());
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
  // The third at each end. What grows is beyond its scatter: each late interval is slower than each early one.
  const std::size_t third = measured.size() / 3;
  const auto by_time = [](const Interval* a, const Interval* b) { return a->p50 < b->p50; };
  const auto early = measured.begin() + static_cast<std::ptrdiff_t>(third);
  const auto late = measured.end() - static_cast<std::ptrdiff_t>(third);
  if ((*std::max_element(measured.begin(), early, by_time))->p50 >=
      (*std::min_element(late, measured.end(), by_time))->p50) {
    return 0;
  }
  const auto middle = [third, by_time](std::vector<const Interval*>::iterator first) {
    std::vector<const Interval*> part(first, first + static_cast<std::ptrdiff_t>(third));
    std::nth_element(part.begin(), part.begin() + static_cast<std::ptrdiff_t>(third / 2), part.end(), by_time);
    return part[third / 2];
  };
  const Interval* const from = middle(measured.begin());
  const Interval* const to = middle(late);
  const double seconds = to->at - from->at;
  return seconds > 0 ? std::chrono::duration<double>(to->p50 - from->p50).count() / seconds : 0;
}

int Capacity::exit_status() const {
  if (wrong_replies != 0) return 4;
  if (!lost.empty()) return 1;
  if (met) return 0;
  return interrupted ? 1 : 3;
}

Capacity find_capacity(const CapacityOptions& options) { return CapacityRun(options).run(); }

}  // namespace weir::load
