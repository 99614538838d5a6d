#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "client/compare/comparison_report.hpp"
#include "client/compare/words.hpp"
#include "client/report/layout.hpp"
#include "client/report/numbers.hpp"
#include "client/report_head.hpp"
#include "common/counted.hpp"
#include "common/units.hpp"

namespace weir::load {

namespace {

constexpr int kName = 13;
constexpr int kValue = 10;
constexpr int kChange = 10;
constexpr int kRange = 24;

std::string value(const JudgedDifference& one, double figure) {
  if (figure <= 0) return "-";
  if (one.quantity.what == Quantity::What::rate) return display_rate(figure);
  return display_duration(std::chrono::nanoseconds(std::llround(figure)));
}

/// What is worse stands out.
std::string word(const JudgedDifference& one) {
  std::string word = finding_key(one);
  std::replace(word.begin(), word.end(), '_', ' ');
  if (word == "slower" || word == "lower") std::transform(word.begin(), word.end(), word.begin(), ::toupper);
  return word;
}

std::string row(const Comparison& comparison, const JudgedDifference& one) {
  const Difference& difference = one.difference;
  // A proxy's cost is a time, whatever the way to the target takes without it.
  const bool in_time = comparison.question == Question::via && one.quantity.what != Quantity::What::rate;
  std::string change = "-";
  std::string range = "-";
  if (difference.a > 0 && difference.b > 0) {
    change = in_time ? signed_duration(difference.added) : signed_percent(difference.change);
  }
  if (difference.is_known) {
    range = in_time ? range_of_times(difference.added_low, difference.added_high)
                    : range_of_changes(difference.low, difference.high);
  }
  std::string text = "  " + one.what + std::string(kName - one.what.size(), ' ');
  text += right(value(one, difference.a), kValue) + right(value(one, difference.b), kValue);
  text += right(change, kChange) + right(range, kRange) + "  " + word(one) + "\n";
  return text;
}

std::string side(const char* name, const ComparedSide& side) {
  const LoadResult& first = side.results.front();
  std::string text =
      fmt::format("{}, {}", side.label, display_target(first.options.target.to_string(), first.endpoint));
  if (side.results.size() > 1) text += fmt::format(", {} runs", side.results.size());
  return fmt::format("  {}  {}\n", name, wrapped(text, 5, 5));
}

std::string method(const Comparison& comparison) {
  const Inference& inference = comparison.inference;
  const std::string draws = fmt::format("{} draws", grouped(inference.resamples));
  switch (inference.resampling) {
    case Resampling::none:
      return "no intervals: fewer than " + std::to_string(kLeastBlocks) +
             " intervals of time were measured, or too few requests";
    case Resampling::moving_blocks:
      return fmt::format(
          "{} of stretches of {:.3g} s, as they lie in time; what changes from run to run is not in the "
          "intervals, so from p99 on all of one has to matter: compare several runs of each, or use weir-load ab",
          draws, inference.block_seconds);
    case Resampling::paired_blocks:
      return fmt::format("{} of {} pairs of blocks, measured in turns", draws, inference.blocks_a);
    case Resampling::runs:
      return fmt::format("{} of whole runs, {} and {}{}", draws, comparison.a.results.size(),
                         comparison.b.results.size(),
                         std::min(comparison.a.results.size(), comparison.b.results.size()) < kManyRuns
                             ? ", which makes the intervals wide: four of each and more say much more"
                             : "");
  }
  return {};
}

const char* title(Question question) {
  switch (question) {
    case Question::compare:
      return "weir-load compare";
    case Question::ab:
      return "weir-load ab, both in turns";
    case Question::via:
      return "What the proxy adds (A direct, B through it, in turns)";
  }
  return "";
}

}  // namespace

std::string comparison_text(const Comparison& comparison) {
  std::string text = std::string(title(comparison.question)) + "\n";
  text += side("A", comparison.a) + side("B", comparison.b) + "\n";
  text += "  " + std::string(kName, ' ') + right("A", kValue) + right("B", kValue);
  text += right(comparison.question == Question::via ? "added" : "change", kChange);
  text += right(fmt::format("{:.0f} % sure", comparison.inference.confidence * 100), kRange) + "\n";
  for (const JudgedDifference& one : comparison.differences) text += row(comparison, one);
  text += "\n";
  for (const std::string& objection : comparison.objections) text += part("Objection", objection);
  text += part("Found", comparison.sentence());
  const bool is_judged = comparison.objections.empty() || comparison.settings.anyway;
  for (const JudgedRegression& regression : comparison.regressions) {
    const char* const word = !is_judged || !regression.is_known ? "NOT JUDGED, "
                             : regression.exceeded              ? "EXCEEDED, "
                                                                : "held, ";
    text += part("Limit", word + regression.limit.text + ": " + regression.sentence);
  }
  if (!is_judged && !comparison.regressions.empty()) {
    text += part("", "The objections stand against judging; --anyway does it all the same.");
  }
  if (comparison.proxy) {
    const ProxyUse& proxy = *comparison.proxy;
    const auto each = std::chrono::nanoseconds(std::llround(proxy.microseconds_each * 1000));
    text += part("Proxy", fmt::format("{} used {} of CPU time for each request, {:.2f} processors while it was loaded",
                                      proxy.name, display_duration(each), proxy.cores));
  }
  text += part("Method", fmt::format("a change matters from {} on; {}",
                                     plain_percent(comparison.settings.smallest_effect), method(comparison)));
  return text;
}

}  // namespace weir::load
