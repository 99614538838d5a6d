#include "client/idle/idle_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "client/report/numbers.hpp"
#include "client/report/tls_json.hpp"
#include "client/report_head.hpp"
#include "common/counted.hpp"
#include "common/units.hpp"

namespace weir::load {

namespace {

using Seconds = std::chrono::duration<double>;

constexpr std::size_t kRows = 10;
constexpr int kBarWidth = 40;
/// How many of those that ended are told one by one.
constexpr std::size_t kFirst = 10;

/// In the order of the reports.
constexpr std::array kShownEnds{IdleEnd::open,      IdleEnd::fin,   IdleEnd::truncated, IdleEnd::rst,
                                IdleEnd::timed_out, IdleEnd::alert, IdleEnd::failed};

/// Whether a report says nothing of it where there is none.
constexpr bool is_rare(IdleEnd end) {
  return end == IdleEnd::failed || end == IdleEnd::truncated || end == IdleEnd::alert;
}

std::string title(const IdleSummary& summary) {
  const IdleOptions& options = summary.options;
  const std::string target = display_target(summary.options.target.to_string(), summary.endpoint);
  std::string text = "weir-load idle " + target + "\n  " + counted(options.connections, "connection");
  text += options.duration ? ", " + format_duration(*options.duration) : ", until all have ended";
  if (options.keepalive) text += ", keepalive after " + format_duration(*options.keepalive);
  if (options.tls) text += ", over TLS";
  return text + "\n  weir-load " + summary.version + ", " + display_time(summary.started) + "\n";
}

std::string table(const IdleSummary& summary) {
  std::string text = "\nConnections  " + grouped(summary.reached()) + " of " + grouped(summary.options.connections) +
                     " established, held for " +
                     display_duration(std::chrono::nanoseconds(std::llround(summary.seconds * 1e9))) + " at most\n";
  for (const IdleEnd end : kShownEnds) {
    const std::uint64_t count = summary.count(end);
    if (is_rare(end) && count == 0) continue;
    text += right(grouped(count), 12) + "  " + std::string(idle_end_text(end)) + "\n";
  }
  if (summary.bytes() != 0) {
    const auto talkers = std::count_if(summary.tallies.begin(), summary.tallies.end(),
                                       [](const IdleTally& tally) { return tally.bytes != 0; });
    text += "Bytes        " + grouped(summary.bytes()) + " came on " + grouped(static_cast<std::uint64_t>(talkers)) +
            " of them, though nothing was sent\n";
  }
  return text;
}

std::string lifetimes(const IdleSummary& summary) {
  const std::vector<io::Clock::duration> sorted = summary.lifetimes();
  if (sorted.empty()) return {};
  std::string text = "\nLifetimes    of the " + grouped(sorted.size()) + " that ended: min " +
                     display_duration(sorted.front()) + ", p50 " + display_duration(sorted[(sorted.size() - 1) / 2]) +
                     ", max " + display_duration(sorted.back()) + "\n";
  const std::vector<LifetimeRow> rows = lifetime_rows(sorted, kRows);
  if (rows.size() < 2) return text;
  std::uint64_t most = 1;
  for (const LifetimeRow& row : rows) most = std::max(most, row.count);
  for (const LifetimeRow& row : rows) {
    text += "  from " + right(display_duration(row.least), 8) + "  " +
            bar(static_cast<double>(row.count) / static_cast<double>(most), kBarWidth) + right(grouped(row.count), 9) +
            "\n";
  }
  return text;
}

std::string first_ends(const IdleSummary& summary) {
  const std::vector<std::uint32_t> numbers = summary.first_ended(kFirst);
  if (numbers.empty()) return {};
  std::string text = "\nThe first that ended\n  connection  local port  after start     lived  how\n";
  for (const std::uint32_t number : numbers) {
    const IdleTally& tally = summary.tallies[number];
    text += right(std::to_string(number), 12) + right(tally.port == 0 ? "-" : std::to_string(tally.port), 12) +
            right(display_duration(tally.ended - summary.began), 13) + right(display_duration(tally.lifetime()), 10) +
            "  " + std::string(idle_end_text(tally.end));
    if (tally.end == IdleEnd::failed) text += std::string(": ") + std::strerror(tally.error);
    text += "\n";
  }
  return text;
}

std::string errors(const IdleSummary& summary) {
  const FailureCounts failures = summary.failures();
  if (failures.total() == 0) return {};
  std::string text = "\nErrors\n";
  for (std::size_t kind = 1; kind < kFailureKinds; ++kind) {
    const auto failure = static_cast<Failure>(kind);
    if (failures[failure] == 0) continue;
    text += right(grouped(failures[failure]), 12) + "  " + std::string(failure_text(failure));
    if (const std::string_view hint = failure_remedy(failure); is_of_tls(failure) && !hint.empty()) {
      text += fmt::format("\n              ({})", hint);
    }
    text += "\n";
  }
  if (!summary.example.empty()) text += "  " + summary.example + "\n";
  return text;
}

std::string verdict(const IdleSummary& summary) {
  static constexpr const char* kTexts[] = {"by its duration", "interrupted", "with the last connection",
                                           "no connection was established"};
  std::string text = std::string("\nEnded        ") + kTexts[static_cast<std::size_t>(summary.ended_by)] + "\n";
  if (summary.options.max_ended && summary.ended() > *summary.options.max_ended) {
    text += "             FAILED: " + grouped(summary.ended()) + " were ended, and --max-ended allows " +
            grouped(*summary.options.max_ended) + "\n";
  }
  return text;
}

namespace json = boost::json;

json::string_view text(std::string_view view) { return {view.data(), view.size()}; }

}  // namespace

std::string idle_text_report(const IdleSummary& summary) {
  return title(summary) + table(summary) + lifetimes(summary) + first_ends(summary) + errors(summary) +
         verdict(summary);
}

json::object idle_json_report(const IdleSummary& summary) {
  static constexpr std::string_view kEndedBy[] = {"duration", "interrupt", "all_ended", "no_connection"};
  const IdleOptions& options = summary.options;
  const auto seconds = [](auto duration) { return Seconds(duration).count(); };
  json::object report = report_head("idle", summary.version, options.target.to_string(), summary.endpoint,
                                    summary.started, this_machine());
  report["options"] =
      json::object{{"connections", options.connections},
                   {"duration_s", options.duration ? json::value(seconds(*options.duration)) : json::value(nullptr)},
                   {"connect_rate", options.connect_rate},
                   {"timeout_s", seconds(options.timeout)},
                   {"keepalive_s", options.keepalive ? json::value(options.keepalive->count()) : json::value(nullptr)},
                   {"max_errors", options.max_errors},
                   {"max_ended", options.max_ended ? json::value(*options.max_ended) : json::value(nullptr)}};
  if (options.tls) report["options"].as_object()["tls"] = tls_to_json(*options.tls);
  report["ended_by"] = text(kEndedBy[static_cast<std::size_t>(summary.ended_by)]);
  report["held_s"] = summary.seconds;
  report["connections"] = json::object{{"asked", options.connections}, {"reached", summary.reached()}};
  json::object ends;
  for (const IdleEnd end : kShownEnds) {
    if ((end == IdleEnd::truncated || end == IdleEnd::alert) && !options.tls) continue;
    ends[text(idle_end_key(end))] = summary.count(end);
  }
  report["ends"] = std::move(ends);
  report["bytes"] = summary.bytes();
  const std::vector<io::Clock::duration> sorted = summary.lifetimes();
  report["lifetimes"] = nullptr;
  if (!sorted.empty()) {
    report["lifetimes"] = json::object{{"count", sorted.size()},
                                       {"min_s", seconds(sorted.front())},
                                       {"p50_s", seconds(sorted[(sorted.size() - 1) / 2])},
                                       {"max_s", seconds(sorted.back())}};
  }
  json::array ended;
  for (const std::uint32_t number : summary.first_ended(summary.tallies.size())) {
    const IdleTally& tally = summary.tallies[number];
    ended.push_back(json::object{{"connection", number},
                                 {"local_port", tally.port},
                                 {"at_s", seconds(tally.ended - summary.began)},
                                 {"lifetime_s", seconds(tally.lifetime())},
                                 {"end", text(idle_end_key(tally.end))},
                                 {"bytes", tally.bytes}});
  }
  report["ended"] = std::move(ended);
  const FailureCounts failures = summary.failures();
  json::object kinds;
  for (std::size_t kind = 1; kind < kFailureKinds; ++kind) {
    const auto failure = static_cast<Failure>(kind);
    if (failures[failure] != 0) kinds[text(failure_key(failure))] = failures[failure];
  }
  report["errors"] = json::object{{"total", failures.total()}, {"kinds", std::move(kinds)}};
  report["exit_status"] = summary.exit_status();
  return report;
}

}  // namespace weir::load
