#include "client/report/merge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>

#include "client/report/buckets.hpp"

namespace weir::load {

namespace {

using Seconds = std::chrono::duration<double>;

void require_same_kind(std::span<const LoadResult> results) {
  const LoadOptions& first = results.front().options;
  for (std::size_t i = 1; i < results.size(); ++i) {
    const LoadOptions& other = results[i].options;
    const std::string which = "report " + std::to_string(i + 1) + " is of another ";
    if (other.workload != first.workload) throw std::invalid_argument(which + "workload than the first");
    if (other.is_open_loop() != first.is_open_loop()) {
      throw std::invalid_argument(which + "kind of load than the first: one is an open loop and one is closed");
    }
  }
}

/// Clauses about shares and times hold for all together as for each; those about a number are added up.
std::vector<SloClause> merge_slo(std::span<const LoadResult> results) {
  std::vector<SloClause> clauses = results.front().options.slo;
  for (std::size_t i = 1; i < results.size(); ++i) {
    const std::vector<SloClause>& other = results[i].options.slo;
    const bool same = std::equal(
        clauses.begin(), clauses.end(), other.begin(), other.end(), [](const SloClause& a, const SloClause& b) {
          return a.what == b.what && a.name == b.name && a.time == b.time && (a.is_of_number() || a.number == b.number);
        });
    if (!same) throw std::invalid_argument("report " + std::to_string(i + 1) + " has another --slo than the first");
    for (std::size_t k = 0; k < clauses.size(); ++k) {
      if (clauses[k].is_of_number()) clauses[k].number += other[k].number;
    }
  }
  for (SloClause& clause : clauses) {
    if (clause.is_of_number()) {
      clause.text = clause.name + "=" + std::to_string(static_cast<std::uint64_t>(clause.number));
    }
  }
  return clauses;
}

LoadOptions merge_options(std::span<const LoadResult> results) {
  LoadOptions options = results.front().options;
  for (const LoadResult& result : results.subspan(1)) {
    const LoadOptions& other = result.options;
    options.connections += other.connections;
    options.processes += other.processes;
    options.newcomers += other.newcomers;
    options.max_errors += other.max_errors;
    if (options.rate) *options.rate += *other.rate;
    if (options.requests && other.requests) {
      *options.requests += *other.requests;
    } else {
      options.requests.reset();
    }
    if (options.duration != other.duration) options.duration.reset();
    options.interval = std::max(options.interval, other.interval);
  }
  options.slo = merge_slo(results);
  return options;
}

/// The worst of them: a run that was cut short somewhere was cut short.
EndedBy merge_ends(std::span<const LoadResult> results) {
  const auto any = [results](EndedBy ended) {
    return std::any_of(results.begin(), results.end(), [ended](const LoadResult& r) { return r.ended_by == ended; });
  };
  if (any(EndedBy::interrupt)) return EndedBy::interrupt;
  if (any(EndedBy::duration)) return EndedBy::duration;
  return any(EndedBy::requests) ? EndedBy::requests : EndedBy::no_connection;
}

/// Each interval falls into the one of the merged series that holds its middle. Those are as long as the longest that
/// was asked for. A generator is moved by whole ones, so that its own series stays one to one.
std::vector<Interval> merge_intervals(std::span<const LoadResult> results,
                                      std::chrono::system_clock::time_point began) {
  double length = 0;
  for (const LoadResult& result : results) length = std::max(length, Seconds(result.options.interval).count());
  if (length <= 0) return {};
  std::map<std::int64_t, Interval> sums;
  for (const LoadResult& result : results) {
    const double offset = Seconds(result.began - began).count();
    std::map<std::int64_t, double> lengths;  // of this generator's intervals that fall together
    for (const Interval& interval : result.intervals) {
      const double middle = interval.at - interval.length / 2;
      const std::int64_t number = std::llround(offset / length) + std::llround(std::floor(middle / length));
      Interval& sum = sums[number];
      sum.at = std::max(sum.at, offset + interval.at);
      sum.length = std::max(sum.length, lengths[number] += interval.length);
      sum.done += interval.done;
      sum.failures += interval.failures;
      sum.buckets = merge_buckets(sum.buckets, interval.buckets);
    }
  }
  std::vector<Interval> merged;
  merged.reserve(sums.size());
  Histogram times;
  for (auto& [number, sum] : sums) {
    for (const Histogram::Bucket& bucket : sum.buckets) times.add(bucket);
    sum.p50 = times.percentile(50);
    sum.p99 = times.percentile(99);
    times.clear();
    merged.push_back(std::move(sum));
  }
  return merged;
}

/// The machines that generated: generators on the same one share its processors.
void merge_machines(std::span<const LoadResult> results, LoadResult& merged) {
  struct OfHost {
    unsigned processors = 0;
    unsigned cpus = 0;
    double busy = 0;
    std::uint64_t retransmits = 0;
    std::optional<Audit> audit;
  };
  std::map<std::string, OfHost> hosts;
  for (const LoadResult& result : results) {
    OfHost& host = hosts[result.machine.host];
    host.processors += result.processors;
    host.cpus = std::max(host.cpus, result.machine.cpus);
    host.busy = std::max(host.busy, result.machine_busy);
    host.retransmits = std::max(host.retransmits, result.retransmits);
    if (result.audit && host.audit) {
      host.audit->merge_same_machine(*result.audit);
    } else if (result.audit) {
      host.audit = result.audit;
    }
  }
  merged.processors = 0;
  merged.machine.cpus = 0;
  merged.machine_busy = 0;
  merged.retransmits = 0;
  for (const auto& [name, host] : hosts) {
    merged.processors += host.cpus == 0 ? host.processors : std::min(host.processors, host.cpus);
    merged.machine.cpus += host.cpus;
    merged.machine_busy = std::max(merged.machine_busy, host.busy);
    merged.retransmits += host.retransmits;
    if (host.audit && merged.audit) {
      merged.audit->merge_other_machine(*host.audit);
    } else if (host.audit) {
      merged.audit = host.audit;
    }
  }
  if (hosts.size() > 1) merged.machine.host += " and " + std::to_string(hosts.size() - 1) + " more";
}

}  // namespace

std::string remark_on_begins(std::span<const LoadResult> results) {
  std::optional<std::chrono::system_clock::time_point> first;
  std::optional<std::chrono::system_clock::time_point> last;
  double shortest = 0;
  for (const LoadResult& result : results) {
    if (result.reached == 0) continue;
    shortest = first ? std::min(shortest, result.window_seconds) : result.window_seconds;
    first = first ? std::min(*first, result.began) : result.began;
    last = last ? std::max(*last, result.began) : result.began;
  }
  if (!first || *last - *first < std::chrono::seconds(1)) return {};
  const double apart = Seconds(*last - *first).count();
  return fmt::format(
      "the reports began up to {:.1f} s apart, {}: rates are added up as if all had loaded at once "
      "(--start-at makes them)",
      apart, apart >= shortest ? "and some had ended when others began" : "so their load differs over time");
}

LoadResult merge_results(std::span<const LoadResult> results) {
  require_same_kind(results);
  LoadResult merged;
  const LoadResult& first = results.front();
  merged.options = merge_options(results);
  merged.version = first.version;
  merged.endpoint = first.endpoint;
  merged.machine = first.machine;
  merged.started = first.started;
  merged.began = first.began;
  merged.generators = 0;
  for (const LoadResult& result : results) {
    merged.started = std::min(merged.started, result.started);
    // One that reached nobody never began.
    if (result.reached != 0) merged.began = merged.reached == 0 ? result.began : std::min(merged.began, result.began);
    merged.threads += result.threads;
    merged.reached += result.reached;
    merged.generators += result.generators;
    merged.window_seconds = std::max(merged.window_seconds, result.window_seconds);
    merged.cpu_seconds += result.cpu_seconds;
    merged.stats.merge(result.stats);
    merged.fairness.merge(result.fairness);
    merged.spread.merge(result.spread);
  }
  merge_machines(results, merged);
  merged.ended_by = merge_ends(results);
  merged.intervals = merge_intervals(results, merged.began);
  return merged;
}

}  // namespace weir::load
