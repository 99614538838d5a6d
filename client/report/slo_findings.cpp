#include "client/report/slo_findings.hpp"

#include <algorithm>
#include <cmath>

#include "client/report/numbers.hpp"
#include "common/counted.hpp"
#include "common/units.hpp"

namespace weir::load {

namespace {

/// A percentile that fewer values than these lie beyond is told to rest on little.
constexpr double kFew = 10;

std::chrono::nanoseconds time_of(const SloClause& clause, const Histogram& times) {
  if (clause.what == SloClause::What::mean) return times.mean();
  if (clause.what == SloClause::What::max) return times.max();
  return times.percentile(clause.percent);
}

void find_time(const LoadResult& result, SloFinding& finding) {
  const SloClause& clause = finding.clause;
  const Histogram& times = result.times();
  if (times.count() == 0) {
    finding.sentence = clause.name + " is not known: there was no reply";
    return;
  }
  finding.found_time = time_of(clause, times);
  finding.met = finding.found_time <= clause.time;
  finding.sentence = clause.name + " is " + display_duration(finding.found_time) +
                     (finding.met ? ", within " : ", more than ") + display_duration(clause.time);
  const double beyond = static_cast<double>(times.count()) * (1 - clause.percent / 100);
  if (clause.what == SloClause::What::percentile && beyond < kFew) {
    finding.sentence += " (few values: it rests on the slowest " +
                        grouped(static_cast<std::uint64_t>(std::max(1.0, std::ceil(beyond)))) + " of " +
                        grouped(times.count()) + ")";
  }
}

void find_errors(const LoadResult& result, SloFinding& finding) {
  const std::uint64_t failures = result.stats.failures.total();
  const bool is_share = finding.clause.what == SloClause::What::error_share;
  const std::uint64_t attempted = result.attempted();
  finding.found = static_cast<double>(failures);
  if (is_share) finding.found = attempted == 0 ? 0 : finding.found / static_cast<double>(attempted);
  finding.met = finding.found <= finding.clause.number;
  finding.sentence = counted(failures, "error");
  if (is_share) finding.sentence += " (" + plain_percent(finding.found) + ")";
  finding.sentence += finding.met ? ", within " : ", more than ";
  finding.sentence +=
      is_share ? plain_percent(finding.clause.number) : grouped(static_cast<std::uint64_t>(finding.clause.number));
}

void find_rate(const LoadResult& result, SloFinding& finding) {
  const bool is_share = finding.clause.what == SloClause::What::rate_of_plan;
  finding.found = result.rate();
  if (is_share) {
    const double planned = result.options.rate.value_or(0);
    finding.found = planned > 0 ? finding.found / planned : 0;
  }
  finding.met = finding.found >= finding.clause.number;
  finding.sentence = "the rate is " + display_rate(result.rate()) + " a second";
  if (is_share) finding.sentence += " (" + plain_percent(finding.found) + " of the plan)";
  finding.sentence += finding.met ? ", at least " : ", less than ";
  finding.sentence += is_share ? plain_percent(finding.clause.number) : display_rate(finding.clause.number);
}

}  // namespace

std::vector<SloFinding> slo_findings(const LoadResult& result, const std::vector<SloClause>& clauses) {
  std::vector<SloFinding> findings;
  for (const SloClause& clause : clauses) {
    SloFinding& finding = findings.emplace_back();
    finding.clause = clause;
    if (clause.is_of_time()) {
      find_time(result, finding);
    } else if (clause.is_of_errors()) {
      find_errors(result, finding);
    } else {
      find_rate(result, finding);
    }
  }
  return findings;
}

bool meets_slo(const LoadResult& result) {
  const std::vector<SloFinding> findings = slo_findings(result, result.options.slo);
  return std::all_of(findings.begin(), findings.end(), [](const SloFinding& finding) { return finding.met; });
}

}  // namespace weir::load
