#include "client/faults/faults_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <string_view>
#include <utility>

#include "client/report_head.hpp"
#include "common/counted.hpp"

namespace weir::load {

namespace {

namespace json = boost::json;

/// How many mismatches people are shown.
constexpr std::size_t kShown = 20;

json::value as_text(std::string_view text) { return json::string(text.data(), text.size()); }

std::uint64_t last_number(const FaultsSummary& summary) {
  return summary.options.first_number + summary.options.connections - 1;
}

std::string head_of(const FaultsSummary& summary) {
  const FaultsOptions& options = summary.options;
  return fmt::format(
      "weir-load echo {}, announced faults\n  {} of listener {}, numbers {} to {}, seed {}{}\n  weir-load {}, {}\n",
      display_target(options.target.to_string(), summary.endpoint), counted(options.connections, "connection"),
      summary.announcement.listener, options.first_number, last_number(summary), summary.announcement.seed,
      options.path == FaultPath::proxy ? ", a proxy before an echo" : "", summary.version,
      display_time(summary.started));
}

std::string table_of(const FaultsSummary& summary) {
  std::size_t width = 6;
  for (const auto& fault : summary.announcement.faults) {
    width = std::max(width, fault->name.size() + 2 + faults::kind_name(fault->kind).size());
  }
  std::string text = fmt::format("\n{:{}}  announced   seen  spared   seen  not checked  wrong\n", "Faults", width);
  for (std::size_t at = 0; at < summary.tallies.size(); ++at) {
    const faults::Fault& fault = *summary.announcement.faults[at];
    const FaultTally& tally = summary.tallies[at];
    text += fmt::format("{:{}}  {:>9} {:>6} {:>7} {:>6} {:>12} {:>6}\n",
                        fmt::format("{}, {}", fault.name, faults::kind_name(fault.kind)), width,
                        grouped(tally.announced), grouped(tally.seen), grouped(tally.spared),
                        grouped(tally.seen_spared), grouped(tally.not_checked()), grouped(tally.wrong));
  }
  return text;
}

std::string unchecked_of(const FaultsSummary& summary) {
  std::string text;
  for (std::size_t at = 0; at < summary.tallies.size(); ++at) {
    for (const auto& [why, count] : summary.tallies[at].unchecked) {
      text += fmt::format("  {}: {} on {}\n", summary.announcement.faults[at]->name, why, counted(count, "connection"));
    }
  }
  return text.empty() ? text : "\nNot checked\n" + text;
}

std::string mismatches_of(const FaultsSummary& summary) {
  if (summary.mismatches.empty()) return {};
  std::string text = "\nNot as announced\n";
  for (std::size_t at = 0; at < std::min(kShown, summary.mismatches.size()); ++at) {
    const Mismatch& one = summary.mismatches[at];
    text += fmt::format("  connection {}{}{}: announced {}; seen: {}\n", one.number, one.fault.empty() ? "" : ", ",
                        one.fault, one.announced, one.seen);
  }
  if (summary.mismatches.size() > kShown) {
    text += fmt::format("  … and {} more\n", grouped(summary.mismatches.size() - kShown));
  }
  return text;
}

std::string verdict_of(const FaultsSummary& summary) {
  std::string text = "\nVerdict      ";
  if (summary.judged == 0) {
    text += "FAILED: no connection could be judged\n";
  } else if (summary.differing != 0) {
    text += fmt::format("FAILED: {} of {} connections did not meet what was announced\n", grouped(summary.differing),
                        grouped(summary.judged));
  } else {
    text += fmt::format("{} connections met what was announced, as far as it showed\n", grouped(summary.judged));
  }
  if (summary.ended_by == FaultsEndedBy::interrupt) text += "             interrupted\n";
  if (summary.ended_by == FaultsEndedBy::expiry) {
    text += "             ended early: the time of a fault was over, so what follows is another announcement\n";
  }
  return text;
}

json::object json_of(const faults::Fault& fault, const FaultTally& tally) {
  json::array reasons;
  for (const auto& [why, count] : tally.unchecked) {
    reasons.push_back(json::object{{"why", as_text(why)}, {"connections", count}});
  }
  return {{"name", as_text(fault.name)},
          {"kind", as_text(faults::kind_name(fault.kind))},
          {"announced", tally.announced},
          {"seen", tally.seen},
          {"spared", tally.spared},
          {"seen_spared", tally.seen_spared},
          {"not_checked", tally.not_checked()},
          {"reasons", std::move(reasons)},
          {"wrong", tally.wrong}};
}

}  // namespace

std::string faults_text_report(const FaultsSummary& summary) {
  return head_of(summary) + table_of(summary) + unchecked_of(summary) + mismatches_of(summary) + verdict_of(summary);
}

json::object faults_json_report(const FaultsSummary& summary) {
  static constexpr std::string_view kEndedBy[] = {"all_judged", "interrupt", "expiry"};
  const FaultsOptions& options = summary.options;
  json::object report = report_head("faults", summary.version, options.target.to_string(), summary.endpoint,
                                    summary.started, this_machine());
  report["options"] = json::object{{"connections", options.connections},
                                   {"listener", as_text(summary.announcement.listener)},
                                   {"seed", summary.announcement.seed},
                                   {"first_number", options.first_number},
                                   {"proxy", options.path == FaultPath::proxy},
                                   {"timeout_s", std::chrono::duration<double>(options.timeout).count()}};
  report["ended_by"] = as_text(kEndedBy[static_cast<std::size_t>(summary.ended_by)]);
  report["elapsed_s"] = summary.seconds;
  report["connections"] =
      json::object{{"asked", options.connections}, {"judged", summary.judged}, {"not_as_announced", summary.differing}};
  json::array faults;
  for (std::size_t at = 0; at < summary.tallies.size(); ++at) {
    faults.push_back(json_of(*summary.announcement.faults[at], summary.tallies[at]));
  }
  report["faults"] = std::move(faults);
  json::array mismatches;
  for (const Mismatch& one : summary.mismatches) {
    mismatches.push_back(json::object{{"number", one.number},
                                      {"fault", one.fault.empty() ? json::value() : as_text(one.fault)},
                                      {"announced", as_text(one.announced)},
                                      {"seen", as_text(one.seen)}});
  }
  report["mismatches"] = std::move(mismatches);
  report["exit_status"] = summary.exit_status();
  return report;
}

}  // namespace weir::load
