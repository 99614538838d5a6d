#include "client/compare/comparison.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "client/compare/comparison_report.hpp"
#include "tests/unit/client/compare/simulated_run.hpp"
#include "tests/unit/client/report/example_result.hpp"

namespace weir::load {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

/// A report of what was simulated, whose generator was not at its limit.
LoadResult report_of(const Blocks& run) {
  LoadResult result = open_loop_example();
  result.stats.failures = {};
  result.stats[Time::response].clear();
  result.intervals.clear();
  result.cpu_seconds = 0.1;
  double at = 0;
  std::uint64_t done = 0;
  for (const Block& block : run) {
    at += block.seconds;
    for (const Histogram::Bucket& bucket : block.times[0]) {
      for (std::uint64_t i = 0; i < bucket.count; ++i) result.stats[Time::response].record(bucket.lowest);
    }
    done += static_cast<std::uint64_t>(block.done);
    result.intervals.push_back(
        {at, block.seconds, static_cast<std::uint64_t>(block.done), 0, 1ns, 1ns, block.times[0]});
  }
  result.stats[Count::replies] = done;
  result.window_seconds = at;
  result.stats[Count::sent] = result.stats[Count::answered] = done;
  return result;
}

LoadResult simulated(unsigned seed, double factor = 1, double slow_share = 0) {
  std::mt19937_64 random(seed);
  SimulatedPlan plan;
  plan.factor = factor;
  plan.slow_share = slow_share;
  return report_of(simulate(random, plan));
}

Comparison compare(LoadResult a, LoadResult b, CompareSettings settings = {}) {
  return compare_sides(Question::compare, {"a.json", {std::move(a)}}, {"b.json", {std::move(b)}}, false, settings);
}

CompareSettings limits(const char* text) {
  CompareSettings settings;
  settings.limits = parse_regression_limits(text);
  return settings;
}

const JudgedDifference& judged(const Comparison& comparison, const std::string& what) {
  return *std::find_if(comparison.differences.begin(), comparison.differences.end(),
                       [&what](const JudgedDifference& one) { return one.what == what; });
}
Finding finding(const Comparison& comparison, const std::string& what) { return judged(comparison, what).finding; }
const Difference& difference(const Comparison& comparison, const std::string& what) {
  return judged(comparison, what).difference;
}

TEST(Comparison, SlowerServerIsSaidToBeSlower) {
  const Comparison comparison = compare(simulated(1), simulated(2, 1.5));
  EXPECT_EQ(finding(comparison, "p50"), Finding::higher);
  EXPECT_EQ(finding(comparison, "rate"), Finding::lower);
  EXPECT_THAT(comparison.sentence(), StartsWith("B is slower: p50 by +"));
  EXPECT_THAT(comparison.sentence(), HasSubstr("B's rate is lower"));
  EXPECT_THAT(comparison.objections, IsEmpty());
  EXPECT_THAT(compare(simulated(1, 1.5), simulated(2)).sentence(), StartsWith("B is faster: p50 by -"));
}

TEST(Comparison, SameServerHasNoDifference) {
  const Comparison comparison = compare(simulated(1), simulated(2));
  EXPECT_THAT(comparison.sentence(), StartsWith("No difference found in the times."));
  EXPECT_EQ(comparison.exit_status(), 0);
}

TEST(Comparison, SlowTailIsToldApartFromTheRest) {
  const Comparison comparison = compare(simulated(1), simulated(2, 1, 0.005));
  EXPECT_EQ(finding(comparison, "p99.9"), Finding::higher);
  EXPECT_NE(finding(comparison, "p50"), Finding::higher);
  EXPECT_THAT(comparison.sentence(), StartsWith("B is slower: p99.9 by +"));
}

TEST(Comparison, LimitIsExceededOnlyByWhatIsLargeAndNotChance) {
  EXPECT_EQ(compare(simulated(1), simulated(2, 1.5), limits("p50=10%")).exit_status(), 3);
  EXPECT_EQ(compare(simulated(1), simulated(2, 1.5), limits("p50=80%")).exit_status(), 0);
  EXPECT_EQ(compare(simulated(1), simulated(2, 1.5), limits("p50=20us")).exit_status(), 3);
  EXPECT_EQ(compare(simulated(1), simulated(2, 1.5), limits("p50=200us")).exit_status(), 0);
  EXPECT_EQ(compare(simulated(1), simulated(2, 1.5), limits("rate=5%")).exit_status(), 3);
  EXPECT_EQ(compare(simulated(1, 1.5), simulated(2), limits("p50=1%,rate=1%")).exit_status(), 0) << "faster";
  EXPECT_EQ(compare(simulated(1), simulated(2, 1.5)).exit_status(), 0) << "nobody asked";
  const Comparison chance = compare(simulated(1), simulated(2), limits("p50=0%"));
  EXPECT_EQ(chance.exit_status(), 0) << chance.regressions[0].sentence;
}

/// Some bad seconds of one run make its p99, and the next run may have none.
TEST(Comparison, InTheTailOfTwoSingleRunsTheWholeIntervalHasToMatter) {
  const LoadResult usual = simulated(1);
  const LoadResult slow = simulated(2, 1.3);
  const Difference slower = difference(compare(usual, slow), "p99");
  ASSERT_GT(slower.low, 0);
  CompareSettings settings;
  settings.smallest_effect = slower.low * 1.01;
  ASSERT_GE(slower.change, settings.smallest_effect);
  EXPECT_EQ(finding(compare(usual, slow, settings), "p99"), Finding::unclear);
  settings.smallest_effect = slower.low * 0.99;
  EXPECT_EQ(finding(compare(usual, slow, settings), "p99"), Finding::higher);

  const Difference faster = difference(compare(slow, usual), "p99");
  ASSERT_LT(faster.high, 0);
  settings.smallest_effect = -faster.high * 1.01;
  EXPECT_EQ(finding(compare(slow, usual, settings), "p99"), Finding::unclear);
  settings.smallest_effect = -faster.high * 0.99;
  EXPECT_EQ(finding(compare(slow, usual, settings), "p99"), Finding::lower);
}

TEST(Comparison, ElsewhereTheChangeHasToMatterAndTheIntervalToExcludeZero) {
  CompareSettings settings;
  for (const char* what : {"p50", "p90"}) {
    const Difference slower = difference(compare(simulated(1), simulated(2, 1.3)), what);
    settings.smallest_effect = slower.change * 0.99;
    ASSERT_LT(slower.low, settings.smallest_effect);
    EXPECT_EQ(finding(compare(simulated(1), simulated(2, 1.3), settings), what), Finding::higher) << what;
  }
  const auto paired = [&settings] {
    return compare_sides(Question::ab, {"a", {simulated(1)}}, {"b", {simulated(2, 1.3)}}, true, settings);
  };
  const Difference slower = difference(paired(), "p99");
  settings.smallest_effect = slower.change * 0.99;
  ASSERT_GT(slower.low, 0);
  ASSERT_LT(slower.low, settings.smallest_effect);
  EXPECT_EQ(finding(paired(), "p99"), Finding::higher);
}

TEST(Comparison, LimitInTheTailOfTwoSingleRunsIsNotExceededByWhatMayMatterLess) {
  const auto compared = [](const std::string& text, double smallest_effect) {
    CompareSettings settings = limits(text.c_str());
    settings.smallest_effect = smallest_effect;
    return compare(simulated(1), simulated(2, 1.3), settings);
  };
  const auto exit_status = [&compared](const std::string& text, double smallest_effect) {
    return compared(text, smallest_effect).exit_status();
  };
  const Comparison found = compare(simulated(1), simulated(2, 1.3));
  const Difference& slower = difference(found, "p99");
  const std::string large = fmt::format("p99={:.2f}%", slower.change * 100 - 0.1);
  EXPECT_EQ(exit_status(large, slower.low * 1.01), 0) << "it may matter less";
  EXPECT_THAT(compared(large, slower.low * 1.01).regressions.front().sentence,
              HasSubstr(", which may be less than what matters; the limit is "));
  EXPECT_EQ(exit_status(large, slower.low * 0.99), 3);
  EXPECT_EQ(exit_status("p99=1%", slower.low * 1.01), 3) << "the limit is less than what matters";

  const double nearest = slower.added_low / slower.a;
  const std::string long_time = fmt::format("p99={:.0f}us", std::floor(slower.added / 1000));
  EXPECT_EQ(exit_status(long_time, nearest * 1.01), 0);
  EXPECT_EQ(exit_status(long_time, nearest * 0.99), 3);
  EXPECT_EQ(exit_status("p99=1us", nearest * 1.01), 3) << "the limit is less than what matters";

  const Difference& p50 = difference(found, "p50");
  EXPECT_EQ(exit_status(fmt::format("p50={:.2f}%", p50.change * 100 - 0.1), p50.low * 1.01), 3);
  const Difference& rate = difference(found, "rate");
  EXPECT_EQ(exit_status(fmt::format("rate={:.2f}%", -rate.change * 100 - 0.1), -rate.high * 1.01), 3);
}

TEST(Comparison, LimitMayBeOfAnyPercentile) {
  const Comparison comparison = compare(simulated(1), simulated(2, 1.5), limits("p95=10%"));
  EXPECT_EQ(comparison.exit_status(), 3);
  std::vector<std::string> whats;
  for (const JudgedDifference& one : comparison.differences) whats.push_back(one.what);
  EXPECT_THAT(whats, ElementsAre("p50", "p75", "p90", "p95", "p99", "p99.9", "p99.99", "rate"));
}

TEST(Comparison, RunsOfAnotherShapeOrMachineCannotBeCompared) {
  const auto objections = [](auto change) {
    LoadResult b = simulated(2);
    change(b);
    return compare(simulated(1), b).objections;
  };
  EXPECT_THAT(objections([](LoadResult& b) { b.options.connections = 5; }),
              ElementsAre("The load differs in connections: 4 and 5"));
  EXPECT_THAT(objections([](LoadResult& b) { b.options.rate = 200; }), ElementsAre(HasSubstr("rate")));
  EXPECT_THAT(objections([](LoadResult& b) { b.options.rate.reset(); }), ElementsAre(HasSubstr("closed loop")));
  EXPECT_THAT(objections([](LoadResult& b) { b.options.message.lengths = LengthSpec::parse("65"); }),
              ElementsAre("The load differs in message: 64 bytes and 65 bytes"));
  EXPECT_THAT(objections([](LoadResult& b) { b.options.pipeline = 2; }), ElementsAre(HasSubstr("pipeline")));
  EXPECT_THAT(objections([](LoadResult& b) { b.options.reconnect_every = 2; }), ElementsAre(HasSubstr("reconnect")));
  EXPECT_THAT(objections([](LoadResult& b) { b.machine.cpu = "Slow CPU"; }), ElementsAre(HasSubstr("machine")));
  EXPECT_THAT(objections([](LoadResult& b) { b.machine.host = "other"; }), IsEmpty()) << "containers have such names";
  EXPECT_THAT(objections([](LoadResult& b) { b.options.target = parse_address("other:7", AddressUse::target); }),
              IsEmpty())
      << "targets are what is compared";
  EXPECT_THAT(objections([](LoadResult& b) {
                for (int i = 0; i < 1'000'000; ++i) b.stats[Time::lag].record(5ms);
              }),
              ElementsAre(HasSubstr("B was limited by its generator")));
}

TEST(Comparison, ObjectionsLeaveLimitsUnjudgedUnlessToldOtherwise) {
  LoadResult b = simulated(2, 1.5);
  b.options.connections = 5;
  CompareSettings settings = limits("p50=10%");
  const Comparison unjudged = compare(simulated(1), b, settings);
  EXPECT_EQ(unjudged.exit_status(), 1);
  EXPECT_THAT(unjudged.sentence(), StartsWith("Compared with reserve: The load differs in connections. "));
  EXPECT_THAT(comparison_text(unjudged), HasSubstr("NOT JUDGED"));
  settings.anyway = true;
  EXPECT_EQ(compare(simulated(1), b, settings).exit_status(), 3);
}

TEST(Comparison, ServerThatAnswersNothingExceedsEveryLimit) {
  LoadResult b = simulated(2);
  b.stats[Time::response].clear();
  b.stats[Count::replies] = b.stats[Count::answered] = 0;
  for (Interval& interval : b.intervals) interval = {interval.at, interval.length, 0, 0, 0ns, 0ns, {}};
  EXPECT_EQ(compare(simulated(1), b, limits("rate=5%")).exit_status(), 3);
  EXPECT_EQ(compare(simulated(1), b, limits("p99=10%")).exit_status(), 3);
}

TEST(Comparison, LimitOfWhichTooLittleIsKnownIsNotJudged) {
  const auto first_four = [](LoadResult result) {
    result.intervals.resize(4);
    return result;
  };
  const Comparison comparison = compare(first_four(simulated(1)), first_four(simulated(2, 5)), limits("p50=10%"));
  EXPECT_EQ(comparison.exit_status(), 1);
  EXPECT_THAT(comparison_text(comparison), HasSubstr("NOT JUDGED, p50=10%"));
  EXPECT_EQ(compare(simulated(1), simulated(2), limits("p99.9999=10%")).exit_status(), 1);
}

TEST(Comparison, LimitInTimeIsJudgedByTheIntervalInTime) {
  for (const unsigned seed : {1u, 2u, 3u}) {
    const Comparison comparison = compare(simulated(seed), simulated(seed + 10, 1.02), limits("p50=1us"));
    const Difference& difference = comparison.differences[0].difference;
    EXPECT_EQ(comparison.exit_status() == 3, difference.added_low > 0 && difference.added > 1000) << seed;
  }
}

TEST(Comparison, WrongRepliesWinOverEverything) {
  LoadResult b = simulated(2, 1.5);
  b.stats.failures.add(Failure::corrupt);
  EXPECT_EQ(compare(simulated(1), b, limits("p50=10%")).exit_status(), 4);
}

TEST(Comparison, ErrorsWhereThereWereNoneComeFirst) {
  LoadResult b = simulated(2);
  b.stats.failures.add(Failure::refused, 12);
  EXPECT_THAT(compare(simulated(1), b).sentence(),
              StartsWith("B fails where A does not: A had no errors and B 12 errors (0.0998 %). No difference found"));
  LoadResult a = simulated(1);
  a.stats.failures.add(Failure::refused, 1);
  EXPECT_THAT(compare(a, b).sentence(), StartsWith("No difference found"));
  EXPECT_THAT(compare(a, b).sentence(), HasSubstr(" A had 1 error (0.00821 %) and B 12 errors (0.0998 %)."));
  b.stats.failures.add(Failure::corrupt, 3);
  EXPECT_THAT(compare(a, b).sentence(), HasSubstr("of which 3 were wrong replies"));
}

TEST(Comparison, ShareOfErrorsMayGrowByItsLimitAndNoMore) {
  LoadResult a = simulated(1);
  a.stats.failures.add(Failure::refused, a.stats[Count::answered] / 99);  // 1 %
  LoadResult b = simulated(2);
  b.stats.failures.add(Failure::refused, b.stats[Count::answered] / 49);  // 2 %
  EXPECT_EQ(compare(a, b, limits("errors=1.1%")).exit_status(), 0);
  const Comparison more = compare(a, b, limits("errors=0.9%"));
  EXPECT_EQ(more.exit_status(), 3);
  EXPECT_NEAR(more.regressions[0].change, 0.01, 0.0002);
  EXPECT_THAT(more.regressions[0].sentence, HasSubstr("1 % failed on A and 2 % on B, more than 0.9 % more"));
  EXPECT_EQ(compare(b, a, limits("errors=0%")).exit_status(), 0) << "fewer";
  EXPECT_EQ(compare(a, a, limits("errors=0%")).exit_status(), 0) << "as many";
  EXPECT_EQ(compare(simulated(1), b, limits("errors=0%")).exit_status(), 3);
}

TEST(Comparison, WrongRepliesMayBeLimited) {
  LoadResult b = simulated(2);
  b.stats.failures.add(Failure::corrupt, 2);
  const Comparison comparison = compare(simulated(1), b, limits("wrong=1"));
  EXPECT_TRUE(comparison.regressions[0].exceeded);
  EXPECT_EQ(comparison.regressions[0].sentence, "A had 0 wrong replies and B 2, more than 1 more");
  EXPECT_FALSE(compare(simulated(1), b, limits("wrong=2")).regressions[0].exceeded);
}

TEST(Comparison, ARunOnBothSidesIsAnObjection) {
  ComparedSide a{"a", {simulated(1)}, {}, {"one.json", "two.json"}};
  ComparedSide b{"b", {simulated(2)}, {}, {"three.json", "./two.json", "two.json"}};
  EXPECT_THAT(compare_sides(Question::compare, a, b, false, {}).objections,
              ElementsAre("A and B have a run in common: two.json"));
}

TEST(Comparison, TooLittleSaysSo) {
  const Comparison comparison = compare(open_loop_example(), open_loop_example());
  EXPECT_THAT(comparison.sentence(), HasSubstr("Too little was measured"));
  EXPECT_THAT(comparison_text(comparison), HasSubstr("no intervals"));
}

TEST(Comparison, ProxyAddsTimes) {
  std::mt19937_64 random(1);
  const Blocks direct = simulate(random, {});
  Blocks through = direct;
  for (Block& block : through) {
    for (Histogram::Bucket& bucket : block.times[0]) bucket.lowest += 2ms;
  }
  const Comparison comparison = compare_sides(Question::via, {"direct", {report_of(direct)}, Sample{direct}},
                                              {"through the proxy", {report_of(through)}, Sample{through}}, true, {});
  EXPECT_THAT(comparison.sentence(), StartsWith("The way through B adds +2.00 ms ("));
  EXPECT_THAT(comparison_text(comparison), HasSubstr("added"));
}

TEST(Comparison, ConnectingThroughAProxyMayTakeLess) {
  std::mt19937_64 random(1);
  Blocks direct = simulate(random, {});
  Blocks through = direct;
  for (std::size_t i = 0; i < direct.size(); ++i) {
    direct[i].times[1] = {{1024us, 10 + i % 3}};
    through[i].times[1] = {{512us, 10 + i % 3}};
  }
  const auto sentence = [](const Blocks& a, const Blocks& b) {
    return compare_sides(Question::via, {"direct", {report_of(a)}, Sample{a}},
                         {"through the proxy", {report_of(b)}, Sample{b}}, true, {})
        .sentence();
  };
  EXPECT_THAT(sentence(direct, through), HasSubstr("; connecting takes 512 us less (-51"));
  EXPECT_THAT(sentence(through, direct), HasSubstr("; connecting takes 512 us more (+51"));
}

TEST(ComparisonReport, TextFitsIntoEightyColumns) {
  Comparison comparison = compare(simulated(1), simulated(2, 1.5), limits("p50=10%,p99=1s,rate=3%"));
  comparison.proxy = ProxyUse{{1}, "weir", 1, 0.5, 12.5};
  std::istringstream lines(comparison_text(comparison));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80u) << line;
  EXPECT_THAT(comparison_text(comparison), HasSubstr("weir used 12.5 us of CPU time for each request"));
}

TEST(ComparisonReport, JsonHasWhatWasFound) {
  const Comparison comparison = compare(simulated(1), simulated(2, 1.5), limits("p50=10%"));
  const boost::json::object report = comparison_json(comparison);
  EXPECT_EQ(report.at("kind"), "comparison");
  EXPECT_EQ(report.at("question"), "compare");
  EXPECT_EQ(report.at("exit_status"), 3);
  EXPECT_EQ(report.at("method").at("resampling"), "moving_blocks");
  const auto& p50 = report.at("differences").at(0);
  EXPECT_EQ(p50.at("what"), "p50");
  EXPECT_EQ(p50.at("finding"), "slower");
  EXPECT_EQ(p50.at("change").as_double(), comparison.differences[0].difference.change);
  EXPECT_EQ(p50.at("low").as_double(), comparison.differences[0].difference.low);
  EXPECT_EQ(report.at("a").at("label"), "a.json");
  EXPECT_EQ(report.at("a").at("latency").at("count"), comparison.a.times().count());
  EXPECT_EQ(report.at("regressions").at(0).at("exceeded"), true);
  EXPECT_EQ(report.at("sentence").as_string(), comparison.sentence());
  EXPECT_TRUE(report.at("proxy").is_null());
}

TEST(ComparisonReport, IntervalsThatAreNotKnownAreNull) {
  const boost::json::object report = comparison_json(compare(open_loop_example(), open_loop_example()));
  EXPECT_TRUE(report.at("differences").at(0).at("low").is_null());
  EXPECT_EQ(report.at("differences").at(0).at("finding"), "too_few");
}

}  // namespace
}  // namespace weir::load
