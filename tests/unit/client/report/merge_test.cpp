#include "client/report/merge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "client/report/json.hpp"
#include "tests/unit/client/report/example_result.hpp"

namespace weir::load {
namespace {

using std::chrono::milliseconds;
using System = std::chrono::system_clock;

std::uint64_t count_of(const std::vector<Histogram::Bucket>& buckets) {
  return std::accumulate(buckets.begin(), buckets.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const Histogram::Bucket& bucket) { return sum + bucket.count; });
}

/// A generator whose load began so long after noon, with intervals of about a second of `each` replies.
LoadResult generator(milliseconds after, const std::vector<double>& lengths, std::uint64_t each,
                     std::chrono::nanoseconds took) {
  LoadResult result = example();
  result.began = System::time_point(milliseconds(1'700'000'000'000) + after);
  result.started = result.began - milliseconds(100);
  result.intervals.clear();
  double at = 0;
  for (const double length : lengths) {
    at += length;
    result.intervals.push_back({at, length, each, 1, took, took, {{took, each}}});
  }
  return result;
}

TEST(Merge, OfOneIsThatOne) {
  for (const LoadResult& result : {full_result(Workload::echo), full_result(Workload::connect)}) {
    const LoadResult merged = merge_results(std::vector{result});
    boost::json::object expected = json_report(result);
    boost::json::object found = json_report(merged);
    // One machine has no more processors than it has, and percentiles are those of the buckets.
    for (const char* key : {"generator", "verdict", "intervals"}) {
      expected.erase(key);
      found.erase(key);
    }
    EXPECT_EQ(boost::json::serialize(found), boost::json::serialize(expected));
    ASSERT_EQ(merged.intervals.size(), result.intervals.size());
    for (std::size_t i = 0; i < result.intervals.size(); ++i) {
      EXPECT_EQ(merged.intervals[i].at, result.intervals[i].at);
      EXPECT_EQ(merged.intervals[i].length, result.intervals[i].length);
      EXPECT_EQ(merged.intervals[i].done, result.intervals[i].done);
      EXPECT_EQ(merged.intervals[i].failures, result.intervals[i].failures);
      EXPECT_EQ(merged.intervals[i].buckets, result.intervals[i].buckets);
    }
  }
}

TEST(Merge, AddsUpWhatWasFound) {
  std::vector<LoadResult> results{full_result(Workload::echo), full_result(Workload::echo)};
  results[1].machine.host = "another";
  results[1].window_seconds = 30;
  results[1].stats.failures.add(Failure::lost, 1000);
  results[1].ended_by = EndedBy::requests;
  const LoadResult merged = merge_results(results);
  const LoadResult& one = results[0];
  for (std::size_t i = 0; i < kTimes; ++i) {
    EXPECT_EQ(merged.stats.times[i].count(), 2 * one.stats.times[i].count());
    EXPECT_EQ(merged.stats.times[i].sum(), 2 * one.stats.times[i].sum());
  }
  for (std::size_t i = 0; i < kCounts; ++i) EXPECT_EQ(merged.stats.counts[i], 2 * one.stats.counts[i]);
  EXPECT_EQ(merged.stats.failures.total(), 2 * one.stats.failures.total() + 1000);
  EXPECT_EQ(merged.stats.wrong.size(), 4u);
  EXPECT_EQ(merged.fairness.served, 4u);
  EXPECT_EQ(merged.reached, 18u);
  EXPECT_EQ(merged.threads, 52u);
  EXPECT_EQ(merged.generators, 64u);
  EXPECT_EQ(merged.cpu_seconds, 57);
  EXPECT_EQ(merged.window_seconds, 30);
  EXPECT_EQ(merged.retransmits, 62u);
  EXPECT_EQ(merged.processors, 50u) << "25 CPUs on each of two machines";
  EXPECT_EQ(merged.machine.host, "host and 1 more");
  EXPECT_EQ(merged.ended_by, EndedBy::interrupt) << "one was";
  EXPECT_EQ(merged.options.connections, 22u);
  EXPECT_EQ(merged.options.processes, 6u);
  EXPECT_EQ(merged.options.rate, 30.5);
  EXPECT_EQ(merged.options.requests, 26u);
  EXPECT_EQ(merged.options.newcomers, 39);
  EXPECT_EQ(merged.options.max_errors, 48u);
  EXPECT_EQ(merged.options.duration, one.options.duration);
}

TEST(Merge, AuditIsOfEachMachineOnce) {
  std::vector<LoadResult> results{example(), example(), example(), example()};
  for (LoadResult& result : results) {
    result.audit.emplace().involuntary = 10;
    result.audit->network[NetworkCounter::timeouts] = 3;
  }
  results[2].machine.host = "another";
  results[3].audit.reset();  // of an earlier version
  const LoadResult merged = merge_results(results);
  ASSERT_TRUE(merged.audit);
  EXPECT_EQ(merged.audit->network[NetworkCounter::timeouts], 6u);
  EXPECT_EQ(merged.audit->involuntary, 30u);
  EXPECT_FALSE(merge_results(std::vector{results[3], results[3]}).audit);
}

TEST(Merge, SpreadIsOverTheConnectionsOfAll) {
  std::vector<LoadResult> results{example(), example()};
  const LoadResult merged = merge_results(results);
  EXPECT_EQ(merged.spread.p99s.count(), 4u);
  EXPECT_EQ(merged.spread.replies.count(), 6u);
  EXPECT_EQ(merged.spread.means.max(), results[0].spread.means.max());
}

TEST(Merge, GeneratorsOnOneMachineShareItsProcessors) {
  std::vector<LoadResult> results{example(), example()};
  results[0].machine_busy = 0.5;
  results[1].machine_busy = 0.6;
  results[0].retransmits = results[1].retransmits = 7;
  const LoadResult merged = merge_results(results);
  EXPECT_EQ(merged.processors, 2u);
  EXPECT_EQ(merged.machine_busy, 0.6);
  EXPECT_EQ(merged.retransmits, 7u) << "the machine counts them, not the generator";
  EXPECT_EQ(merged.machine.host, "box");
}

TEST(Merge, WhatWasAskedForIsKnownOnlyWhereAllWereAskedTheSame) {
  std::vector<LoadResult> results{example(), example()};
  results[0].options.requests = 10;
  results[1].options.duration = std::chrono::seconds(11);
  const LoadResult merged = merge_results(results);
  EXPECT_FALSE(merged.options.requests);
  EXPECT_FALSE(merged.options.duration);
}

TEST(Merge, RunThatFailedToConnectDoesNotHideTheOther) {
  std::vector<LoadResult> results{example(), example()};
  results[0].ended_by = results[1].ended_by = EndedBy::no_connection;
  EXPECT_EQ(merge_results(results).ended_by, EndedBy::no_connection);
  results[1].ended_by = EndedBy::requests;
  EXPECT_EQ(merge_results(results).ended_by, EndedBy::requests);
}

TEST(Merge, TimeSeriesAreLaidOverEachOtherByTheWallClock) {
  const std::vector<double> seconds(600, 1.0);
  const std::vector results{generator(milliseconds(0), seconds, 100, milliseconds(1)),
                            generator(milliseconds(500), seconds, 10, milliseconds(9))};
  const LoadResult merged = merge_results(results);
  EXPECT_EQ(merged.began, results[0].began);
  EXPECT_EQ(merged.started, results[0].started);
  std::uint64_t done = 0;
  std::uint64_t bucketed = 0;
  std::uint64_t failures = 0;
  for (const Interval& interval : merged.intervals) {
    done += interval.done;
    failures += interval.failures;
    bucketed += count_of(interval.buckets);
    EXPECT_LE(interval.done, 110u) << "never two of one generator in one: at " << interval.at;
  }
  EXPECT_EQ(done, 66'000u);
  EXPECT_EQ(bucketed, 66'000u) << "without loss";
  EXPECT_EQ(failures, 1'200u);
  EXPECT_GE(merged.intervals.size(), 600u);
  EXPECT_LE(merged.intervals.size(), 602u);
  EXPECT_EQ(merged.intervals[300].done, 110u);
  EXPECT_EQ(merged.intervals[300].p50, Histogram::highest_equivalent(milliseconds(1)));
  EXPECT_GE(merged.intervals[300].p99, milliseconds(9));
  EXPECT_DOUBLE_EQ(merged.intervals.back().at, 600.5);
}

TEST(Merge, TimeSeriesThatBeganSecondsApartStayApart) {
  const std::vector results{generator(milliseconds(3'000), {1, 1}, 10, milliseconds(1)),
                            generator(milliseconds(0), {1, 1}, 100, milliseconds(1))};
  const LoadResult merged = merge_results(results);
  ASSERT_EQ(merged.intervals.size(), 4u);
  EXPECT_EQ(merged.intervals[0].done, 100u);
  EXPECT_EQ(merged.intervals[3].done, 10u);
  EXPECT_DOUBLE_EQ(merged.intervals[3].at, 5);
}

TEST(Merge, ThoseThatDidNotLoadAtTheSameTimeAreToldSo) {
  const auto remark = [](int after, std::uint32_t reached) {
    std::vector results{generator(milliseconds(0), {1}, 10, milliseconds(1)),
                        generator(milliseconds(after), {1}, 10, milliseconds(1))};
    results[1].reached = reached;
    return remark_on_begins(results);
  };
  EXPECT_EQ(remark(0, 1), "");
  EXPECT_EQ(remark(900, 1), "");
  EXPECT_EQ(remark(3'200, 0), "") << "it never began";
  EXPECT_THAT(remark(3'200, 1), testing::HasSubstr("began up to 3.2 s apart, so their load differs over time"));
  EXPECT_THAT(remark(10'000, 1), testing::HasSubstr("10.0 s apart, and some had ended when others began"));
}

/// On a loaded machine ticks come late, now and then, and the next one makes up for it.
TEST(Merge, LateTickDoesNotThrowTwoIntervalsTogether) {
  std::vector<double> jittered(300, 1.0);
  for (std::size_t i = 10; i + 1 < jittered.size(); i += 50) {
    jittered[i] = 1.1;
    jittered[i + 1] = 0.9;
  }
  for (const int after : {0, 250, 500, 750}) {
    const std::vector results{generator(milliseconds(0), jittered, 100, milliseconds(1)),
                              generator(milliseconds(after), jittered, 10, milliseconds(1))};
    for (const Interval& interval : merge_results(results).intervals) {
      ASSERT_LE(interval.done, 110u) << "at " << interval.at << " with " << after;
    }
  }
}

TEST(Merge, ShorterLastIntervalStaysItsOwn) {
  const std::vector results{generator(milliseconds(0), {1, 1, 0.6}, 100, milliseconds(1)),
                            generator(milliseconds(10), {1, 1, 0.6}, 10, milliseconds(1))};
  const LoadResult merged = merge_results(results);
  ASSERT_EQ(merged.intervals.size(), 3u);
  for (const Interval& interval : merged.intervals) EXPECT_EQ(interval.done, 110u);
}

TEST(Merge, RefusesWhatCannotBeAdded) {
  const auto error_of = [](const std::vector<LoadResult>& results) {
    try {
      merge_results(results);
    } catch (const std::invalid_argument& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  EXPECT_EQ(error_of({example(), example(), connect_example()}), "report 3 is of another workload than the first");
  EXPECT_EQ(error_of({example(), open_loop_example()}),
            "report 2 is of another kind of load than the first: one is an open loop and one is closed");
  EXPECT_EQ(error_of({open_loop_example(), open_loop_example()}), "no error");
}

TEST(MergeResults, ClausesAboutANumberAreAddedUp) {
  LoadResult one = open_loop_example();
  one.options.slo = parse_slo("rate=90,errors=1,p99=5ms,rate=99%");
  const std::vector<LoadResult> both{one, one};
  const LoadResult merged = merge_results(both);
  ASSERT_EQ(merged.options.slo.size(), 4u);
  EXPECT_EQ(merged.options.slo[0].text, "rate=180");
  EXPECT_EQ(merged.options.slo[1].text, "errors=2");
  EXPECT_EQ(merged.options.slo[2].text, "p99=5ms");
  EXPECT_DOUBLE_EQ(merged.options.slo[3].number, 0.99);
  LoadResult other = one;
  other.options.slo = parse_slo("rate=90,errors=1,p99=6ms,rate=99%");
  const std::vector<LoadResult> unlike{one, other};
  EXPECT_THROW(merge_results(unlike), std::invalid_argument);
}

}  // namespace
}  // namespace weir::load
