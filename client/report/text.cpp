#include "client/report/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "client/report/audit_findings.hpp"
#include "client/report/excerpt.hpp"
#include "client/report/layout.hpp"
#include "client/report/numbers.hpp"
#include "client/report/over_time.hpp"
#include "client/report/slo_findings.hpp"
#include "client/report_head.hpp"
#include "common/counted.hpp"
#include "common/units.hpp"

namespace weir::load {

namespace {

constexpr std::array<double, 6> kPercentiles{50, 75, 90, 99, 99.9, 99.99};
constexpr int kRows = 12;
constexpr int kBarWidth = 34;

std::string fixed(double number, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, number);
  return text;
}

std::string seconds(double number) { return fixed(number, number < 9.95 ? 2 : 1) + " s"; }

std::string percent(std::uint64_t part, std::uint64_t whole) {
  const double share = whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
  return fixed(share, share < 9.95 ? 2 : 1) + " %";
}

std::string kind_of_loop(const LoadOptions& options) {
  if (!options.rate) return "closed loop";
  return "open loop, " + display_rate(*options.rate) + " a second" +
         (options.arrivals == ArrivalKind::poisson ? ", Poisson arrivals" : "");
}

std::string shape(const LoadResult& result) {
  const LoadOptions& options = result.options;
  std::string text = grouped(options.connections) + (result.is_echo() ? " connection" : " at a time") +
                     (result.is_echo() && options.connections != 1 ? "s" : "") + " on " +
                     std::to_string(result.threads) + (result.threads == 1 ? " thread" : " threads");
  if (options.processes > 1) text += " of " + std::to_string(options.processes) + " processes";
  if (options.duration) text += ", " + format_duration(*options.duration);
  if (options.requests) text += ", " + grouped(*options.requests) + (result.is_echo() ? " requests" : " cycles");
  if (!options.duration && !options.requests && result.generators == 1)
    text += ", " + format_duration(LoadOptions::kDefaultDuration);
  if (options.warmup.count() != 0) text += " after " + format_duration(options.warmup) + " of warmup";
  if (options.exchange) {
    text += options.message.text.empty() ? ", messages of " + options.message.lengths.to_string() + " bytes"
                                         : std::string(", messages of a text");
    if (options.message.upper) text += ", upper-cased";
  } else {
    text += ", no exchange";
  }
  if (options.pipeline) text += ", at most " + grouped(*options.pipeline) + " in flight on each";
  if (options.think.count() != 0) text += ", " + format_duration(options.think) + " of thinking";
  if (options.reconnect_every != 0) text += ", a new connection every " + grouped(options.reconnect_every);
  if (options.newcomers > 0) text += ", " + display_rate(options.newcomers) + " newcomers a second";
  if (options.proxy_protocol != ProxyVersion::none) text += ", with PROXY headers";
  if (options.tls) {
    text += options.tls->resume ? ", over TLS with sessions resumed" : ", over TLS";
    if (options.tls->insecure) text += ", the certificate not looked at";
  }
  if (!result.is_echo()) text += options.close_by == CloseBy::fin ? ", closed by FIN" : ", closed by RST";
  return text + ", " + kind_of_loop(options);
}

std::string title(const LoadResult& result) {
  const std::string target = display_target(result.options.target.to_string(), result.endpoint);
  const std::string machine = "on " + result.machine.host + ", " + result.machine.kernel + ", " +
                              std::to_string(result.machine.cpus) + " x " +
                              (result.machine.cpu.empty() ? "CPU" : result.machine.cpu);
  const std::string merged =
      result.generators > 1 ? ", merged from " + std::to_string(result.generators) + " generators" : "";
  return std::string("weir-load ") + (result.is_echo() ? "echo " : "connect ") + target + "\n  " +
         wrapped(shape(result), 2, 2) + "\n  " + wrapped(machine, 2, 2) + "\n  weir-load " + result.version + ", " +
         display_time(result.started) + merged + "\n";
}

std::string line(const char* name, std::uint64_t number, const std::string& rest) {
  constexpr std::size_t kIndent = 29;
  std::string text = "  " + std::string(name) + std::string(13 - std::string_view(name).size(), ' ');
  text += right(grouped(number), 12) + (rest.starts_with("of ") ? " " : "  ");
  return text + wrapped(rest, kIndent, kIndent) + "\n";
}

/// Full and resumed handshakes of TLS; a second where each cycle makes one.
std::string handshakes(const LoadResult& result) {
  if (!result.options.tls) return {};
  const WorkerStats& stats = result.stats;
  const auto one = [&result](const char* name, std::uint64_t count, const char* what) {
    std::string rest = what;
    if (!result.is_echo() && count != 0 && result.window_seconds > 0) {
      rest = fmt::format("{}, {} a second", what, display_rate(static_cast<double>(count) / result.window_seconds));
    }
    return line(name, count, rest);
  };
  std::string text = one("handshakes", stats[Count::handshakes], "in full");
  if (result.options.tls->resume || stats[Count::resumed] != 0) {
    const bool none = stats[Count::resumed] == 0 && stats[Count::handshakes] > result.options.connections;
    text += one("resumed", stats[Count::resumed], none ? "the target resumes no session" : "with a session of before");
  }
  if (!stats.agreed.empty()) text += "  TLS          " + wrapped(stats.agreed, 15, 15) + "\n";
  return text;
}

std::string achieved(const LoadResult& result) {
  const WorkerStats& stats = result.stats;
  const LoadOptions& options = result.options;
  std::string text = "\nAchieved in " + seconds(result.window_seconds) + "\n";
  std::string rate = display_rate(result.rate()) + " a second";
  if (options.rate) rate += " of " + display_rate(*options.rate) + " asked for";
  if (result.is_echo()) {
    std::string reached = "of " + grouped(options.connections) + " reached";
    if (stats[Count::reopened] != 0) reached += ", " + grouped(stats[Count::reopened]) + " reopened";
    if (stats[Count::renewed] != 0) reached += ", " + grouped(stats[Count::renewed]) + " renewed";
    text += line("connections", result.reached, reached);
    if (options.newcomers > 0) text += line("newcomers", stats[Count::newcomers], "with their first reply");
    text += line("requests", stats[Count::replies], rate);
  } else {
    text += line("connections", stats[Count::cycles], rate);
  }
  text += handshakes(result);
  if (options.exchange) {
    text += "  bytes        " + right(display_size(stats[Count::bytes]), 12) + "  " +
            display_size(static_cast<std::uint64_t>(result.byte_rate())) + " a second, each way\n";
  }
  if (stats[Count::held] != 0) text += line("held back", stats[Count::held], "sent late: the connection took no more");
  if (stats[Count::unsent] != 0) text += line("never sent", stats[Count::unsent], "counted as slow as they were old");
  if (stats[Count::unfinished] != 0) {
    text += line("unfinished", stats[Count::unfinished],
                 "open " + format_duration(options.drain) + " after the end; as slow as they are old");
  }
  return text;
}

std::string latencies(const LoadResult& result) {
  constexpr int kWidth = 8;
  std::string rows;
  std::uint64_t above = 0;
  const auto cell = [](std::chrono::nanoseconds time) {
    std::string text = display_duration(time);
    if (text.size() >= kWidth) std::erase(text, ' ');
    return right(text, kWidth);
  };
  for (std::size_t i = 0; i < kTimes; ++i) {
    const Histogram& histogram = result.stats.times[i];
    if (histogram.count() == 0) continue;
    const std::string name(time_text(static_cast<Time>(i)));
    rows += "  " + name + std::string(12 - name.size(), ' ');
    for (const double percent : kPercentiles) rows += cell(histogram.percentile(percent));
    rows += cell(histogram.max()) + cell(histogram.mean()) + "\n";
    above += histogram.above_range();
  }
  if (rows.empty()) return {};
  std::string text = "\nLatency       ";
  for (const char* column : {"p50", "p75", "p90", "p99", "p99.9", "p99.99", "max", "mean"}) {
    text += right(column, kWidth);
  }
  text += "\n" + rows;
  if (above != 0) text += "  " + grouped(above) + " took longer than an hour: counted, but beyond the histogram\n";
  return text;
}

/// Rows from the fastest to p99.9 by equal factors, and one for what is beyond.
std::string drawing(const Histogram& histogram, const char* of_what) {
  if (histogram.count() < 10) return {};
  const double low = std::max<double>(1, static_cast<double>(histogram.min().count()));
  const double high = std::max(static_cast<double>(histogram.percentile(99.9).count()) + 1, low * 1.05);
  const double factor = std::pow(high / low, 1.0 / kRows);
  std::array<std::uint64_t, kRows + 1> rows{};
  std::array<double, kRows + 1> bounds{};
  for (int row = 0; row <= kRows; ++row) bounds[static_cast<std::size_t>(row)] = low * std::pow(factor, row);
  for (const Histogram::Bucket& bucket : histogram.buckets()) {
    const auto at = std::upper_bound(bounds.begin(), bounds.end(), static_cast<double>(bucket.lowest.count()));
    rows[static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, at - bounds.begin() - 1))] += bucket.count;
  }
  rows[kRows] += histogram.above_range();
  const double most = static_cast<double>(*std::max_element(rows.begin(), rows.end()));
  std::string text = std::string("\nDistribution of ") + of_what + "\n";
  for (std::size_t row = 0; row <= kRows; ++row) {
    if (row == kRows && rows[row] == 0) break;  // nothing lies beyond
    text += "  from " + right(display_duration(std::chrono::nanoseconds(std::llround(bounds[row]))), 8) + "  ";
    text += bar(static_cast<double>(rows[row]) / most, kBarWidth) + right(percent(rows[row], histogram.count()), 9) +
            right(grouped(rows[row]), 14) + "\n";
  }
  return text;
}

std::string errors(const LoadResult& result) {
  const FailureCounts& failures = result.stats.failures;
  if (failures.total() == 0) return "\nErrors       none; every byte of every reply was right\n";
  std::string text = "\nErrors\n";
  for (std::size_t kind = 1; kind < kFailureKinds; ++kind) {
    const auto failure = static_cast<Failure>(kind);
    if (failures[failure] == 0) continue;
    std::string what = (is_wrong_reply(failure) ? "WRONG REPLY: " : "") + std::string(failure_text(failure));
    if (const std::string_view hint = failure_remedy(failure); !hint.empty()) what += fmt::format(" ({})", hint);
    text += right(grouped(failures[failure]), 12) + "  " + wrapped(what, 14, 14) + "\n";
  }
  for (const std::string& example : result.stats.examples) text += "  " + wrapped(example, 4, 2) + "\n";
  for (const WrongReply& wrong : result.stats.wrong) {
    text += "  " + wrapped(wrong.text, 4, 2) + "\n" + excerpt(wrong, 4);
  }
  if (failures.wrong_replies() != 0 && result.stats[Count::done] == 0) {
    text +=
        "  " +
        wrapped("Not one reply was right: is this an echo server? One that upper-cases needs --expect upper.", 2, 2) +
        "\n";
  }
  return text;
}

std::string ended(EndedBy ended_by) {
  switch (ended_by) {
    case EndedBy::duration:
      return "ended by its duration";
    case EndedBy::requests:
      return "ended with its last request";
    case EndedBy::interrupt:
      return "interrupted";
    case EndedBy::no_connection:
      return "no connection could be opened";
  }
  return {};
}

std::string fairness(const LoadResult& result) {
  const FairShare& share = result.fairness;
  const ConnectionSpread& spread = result.spread;
  std::string text;
  if (const Histogram& p99s = spread.p99s; p99s.count() != 0) {
    text = "the slowest connection's p99 is " + display_duration(p99s.max()) + ", the fastest's " +
           display_duration(p99s.min()) + ", the median " + display_duration(p99s.percentile(50));
    if (spread.every > 1) text += " (" + grouped(p99s.count()) + " connections were sampled)";
    text += "; ";
  }
  text += "mean of the fastest connection " + display_duration(share.fastest_mean) + ", of the slowest " +
          display_duration(share.slowest_mean);
  if (const Histogram& replies = spread.replies; replies.count() != 0) {
    text += "; from " + grouped(static_cast<std::uint64_t>(replies.min().count())) + " to " +
            grouped(static_cast<std::uint64_t>(replies.max().count())) + " replies each";
  }
  const std::uint64_t starved = share.starved(result.reached);
  return part("Fairness", text + "; Jain's index " + fixed(share.jain(result.reached), 3) + ", " +
                              (starved == 0 ? "none" : grouped(starved) + " of " + grouped(result.reached)) +
                              " starved");
}

std::string slo(const LoadResult& result) {
  std::string text;
  for (const SloFinding& finding : slo_findings(result, result.options.slo)) {
    text += part(text.empty() ? "SLO" : "", std::string(finding.met ? "met: " : "NOT MET: ") + finding.sentence);
  }
  return text;
}

/// What else the kernel counted, in few lines; JSON has all.
std::string noticed(const std::vector<std::string>& remarks) {
  constexpr std::size_t kMost = 5;
  std::string text;
  for (std::size_t i = 0; i < std::min(kMost, remarks.size()); ++i) {
    text += part(text.empty() ? "Noticed" : "", remarks[i]);
  }
  if (remarks.size() > kMost) {
    text += part("", "and " + std::to_string(remarks.size() - kMost) + " more, which --json names");
  }
  return text;
}

/// What a closed loop cannot show, whatever its percentiles say.
std::string hidden(const LoadResult& result) {
  if (result.options.is_open_loop() || result.times().count() == 0) return {};
  const double rate = result.rate() * 0.9;
  return part("Hidden",
              "a closed loop sends nothing while it waits, so a stall delays only the requests in flight "
              "(the longest took " +
                  display_duration(result.times().max()) + "). To see what users feel at a steady rate: --rate " +
                  std::to_string(std::max<std::int64_t>(1, std::llround(rate))));
}

}  // namespace

std::string text_report(const LoadResult& result) {
  const Verdict verdict = result.verdict();
  std::string text = title(result) + achieved(result) + latencies(result);
  text += drawing(result.times(), result.is_echo() ? "response times" : "cycle times");
  text += over_time(result);
  text += errors(result);
  if (result.is_echo() && result.fairness.served != 0 && result.options.connections > 1) text += fairness(result);
  text += hidden(result);
  text += slo(result);
  std::string judged = ended(result.ended_by);
  if (verdict.limited_by == "generator") {
    judged += ", generator-limited";
  } else if (verdict.limited_by != "nothing") {
    judged += ", limited by the " + verdict.limited_by;
  }
  text += part("Verdict", judged + ": " + verdict.reason);
  for (std::size_t i = 1; i < verdict.reasons.size(); ++i) text += part("", "also, " + verdict.reasons[i]);
  return text + noticed(remarks_beside(verdict, result));
}

}  // namespace weir::load
