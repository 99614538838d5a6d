#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "client/compare/comparison.hpp"
#include "client/compare/words.hpp"
#include "client/report/numbers.hpp"
#include "common/units.hpp"

namespace weir::load {

namespace {

using Differences = std::vector<const JudgedDifference*>;

bool is_time(const JudgedDifference& one) {
  return one.quantity.what == Quantity::What::percentile && one.quantity.of == Compared::times;
}

Differences of(const Comparison& comparison, Finding finding) {
  Differences found;
  for (const JudgedDifference& one : comparison.differences) {
    if (is_time(one) && one.finding == finding) found.push_back(&one);
  }
  return found;
}

/// `p50`, `p50 and p75`, `p50, p75 and p90`.
std::string names(const Differences& differences) {
  std::string text;
  for (std::size_t i = 0; i < differences.size(); ++i) {
    if (i != 0) text += i + 1 == differences.size() ? " and " : ", ";
    text += differences[i]->what;
  }
  return text;
}

/// `p50 by +9.8 % (+8.1 to +11.5 %), p99 by …`
std::string amounts(const Differences& differences) {
  std::string text;
  for (const JudgedDifference* one : differences) {
    if (!text.empty()) text += ", ";
    text += fmt::format("{} by {} ({})", one->what, signed_percent(one->difference.change),
                        range_of_changes(one->difference.low, one->difference.high));
  }
  return text;
}

/// What happened to the rate, where it did; begins with a blank.
std::string about_rate(const Comparison& comparison) {
  for (const JudgedDifference& one : comparison.differences) {
    if (one.quantity.what != Quantity::What::rate) continue;
    if (one.finding != Finding::lower && one.finding != Finding::higher) continue;
    return fmt::format(" B's rate is {}: {} ({}).", one.finding == Finding::lower ? "lower" : "higher",
                       signed_percent(one.difference.change),
                       range_of_changes(one.difference.low, one.difference.high));
  }
  return {};
}

/// How large a change could hide in what was not clear; begins with a blank.
std::string about_unclear(const Comparison& comparison) {
  const Differences unclear = of(comparison, Finding::unclear);
  if (unclear.empty()) return {};
  double most = 0;
  for (const JudgedDifference* one : unclear) {
    most = std::max({most, std::abs(one->difference.low), std::abs(one->difference.high)});
  }
  // Beyond that a figure says no more than "much".
  constexpr double kMostToldOf = 1;
  const std::string hidden = most <= kMostToldOf ? fmt::format("a change of {} could hide there", signed_percent(most))
                                                 : std::string("that takes longer runs, or more of them");
  return fmt::format(" {} {} too uncertain to say: {}.", names(unclear), unclear.size() == 1 ? "is" : "are", hidden);
}

/// What has too few values; begins with a blank.
std::string about_unknown(const Comparison& comparison) {
  const Differences unknown = of(comparison, Finding::too_few);
  if (unknown.empty()) return {};
  return fmt::format(" {} {} too few values.", names(unknown), unknown.size() == 1 ? "has" : "have");
}

/// `12 errors (0.4 %)`, `1 error (0.1 %)`, `no errors`.
std::string errors_of(const ComparedSide& side) {
  const std::uint64_t errors = side.errors();
  if (errors == 0) return "no errors";
  return fmt::format("{} {} ({})", errors, errors == 1 ? "error" : "errors", plain_percent(side.error_share()));
}

/// What failed; begins with a blank.
std::string about_errors(const Comparison& comparison) {
  const ComparedSide& a = comparison.a;
  const ComparedSide& b = comparison.b;
  if (a.errors() == 0 && b.errors() == 0) return {};
  std::string text = fmt::format(" A had {} and B {}", errors_of(a), errors_of(b));
  if (b.wrong_replies() != 0) text += fmt::format(", of which {} were wrong replies", b.wrong_replies());
  return text + ".";
}

/// Whether B fails where A does not, which says more than any time.
bool fails_newly(const Comparison& comparison) { return comparison.a.errors() == 0 && comparison.b.errors() != 0; }

std::string judged(const Comparison& comparison) {
  const Differences slower = of(comparison, Finding::higher);
  const Differences faster = of(comparison, Finding::lower);
  const Differences same = of(comparison, Finding::same);
  const std::string rate = about_rate(comparison);
  std::string text;
  if (slower.empty() && faster.empty()) {
    // That nothing was seen to differ is more than that nothing could be seen.
    text = same.empty() && of(comparison, Finding::unclear).empty() ? "The times are not known well enough to compare."
                                                                    : "No difference found in the times.";
    if (!same.empty()) {
      text += fmt::format(" {} {} within {}.", names(same), same.size() == 1 ? "is" : "are",
                          plain_percent(comparison.settings.smallest_effect));
    }
    return text + rate + about_unclear(comparison) + about_unknown(comparison);
  }
  if (faster.empty()) {
    text = fmt::format("B is slower: {}.", amounts(slower));
  } else if (slower.empty()) {
    text = fmt::format("B is faster: {}.", amounts(faster));
  } else {
    text = fmt::format("B is slower in {}, and faster in {}.", amounts(slower), amounts(faster));
  }
  if (!same.empty()) text += fmt::format(" {} {} not differ.", names(same), same.size() == 1 ? "does" : "do");
  return text + rate + about_unclear(comparison) + about_unknown(comparison);
}

/// What a proxy adds: times, not shares.
std::string added(const Comparison& comparison) {
  std::string text;
  for (const JudgedDifference& one : comparison.differences) {
    const bool told = one.what == "p50" || one.what == "p99" || one.what == "p99.9" || one.what == "connect p50" ||
                      one.what == "handshake p50";
    if (!told || !one.difference.is_known) continue;
    const std::string range = range_of_times(one.difference.added_low, one.difference.added_high);
    const std::string amount = fmt::format("{} ({})", signed_duration(one.difference.added), range);
    if (one.quantity.of == Compared::connect) {
      // A proxy that stands nearer may take less.
      const auto size = std::chrono::nanoseconds(std::llround(std::abs(one.difference.added)));
      text += fmt::format("; connecting takes {} {} ({}) at p50", display_duration(size),
                          one.difference.added < 0 ? "less" : "more", range);
    } else if (one.quantity.of == Compared::handshake) {
      text += fmt::format("; a TLS handshake takes {} at p50", amount);
    } else {
      text += text.empty() ? fmt::format("The way through B adds {} at {}", amount, one.what)
                           : fmt::format(", {} at {}", amount, one.what);
    }
  }
  return text.empty() ? "Too little was measured to say what the proxy adds." : text + "." + about_rate(comparison);
}

}  // namespace

std::string Comparison::sentence() const {
  std::string text;
  if (!objections.empty()) {
    const std::string& first = objections.front();
    text = fmt::format("Compared with reserve: {}{}. ", first.substr(0, first.find(": ")),
                       objections.size() > 1 ? fmt::format(", and {} more", objections.size() - 1) : "");
  }
  if (fails_newly(*this)) text += fmt::format("B fails where A does not:{} ", about_errors(*this));
  if (inference.resampling == Resampling::none) {
    text += "Too little was measured to say whether they differ.";
  } else {
    text += question == Question::via ? added(*this) : judged(*this);
  }
  return fails_newly(*this) ? text : text + about_errors(*this);
}

}  // namespace weir::load
