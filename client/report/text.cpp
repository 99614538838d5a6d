#include "client/report/text.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <ctime>

#include "client/report/numbers.hpp"
#include "common/units.hpp"

namespace weir::load {

namespace {

constexpr std::array<double, 6> kPercentiles{50, 75, 90, 99, 99.9, 99.99};
constexpr int kRows = 12;
constexpr int kBarWidth = 48;

std::string fixed(double number, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, number);
  return text;
}

std::string seconds(double number) { return fixed(number, number < 9.95 ? 2 : 1) + " s"; }

std::string title(const LoadResult& result) {
  const LoadOptions& options = result.options;
  const std::time_t started = std::chrono::system_clock::to_time_t(result.started);
  std::tm local{};
  ::localtime_r(&started, &local);
  char when[32];
  std::strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &local);

  std::string target = options.target.to_string();
  if (result.endpoint != target) target += " (" + result.endpoint + ")";
  std::string text = std::string("weir-load ") + (result.is_echo() ? "echo " : "connect ") + target + "\n  ";
  text += grouped(options.connections) + (result.is_echo() ? " connection" : " at a time") +
          (result.is_echo() && options.connections != 1 ? "s" : "") + " on " + std::to_string(result.threads) +
          (result.threads == 1 ? " thread" : " threads");
  if (options.duration) text += ", " + format_duration(*options.duration);
  if (options.requests) text += ", " + grouped(*options.requests) + (result.is_echo() ? " requests" : " cycles");
  if (!options.duration && !options.requests) text += ", " + format_duration(LoadOptions::kDefaultDuration);
  if (options.warmup.count() != 0) text += " after " + format_duration(options.warmup) + " of warmup";
  if (options.exchange) {
    text += options.message.text.empty() ? ", messages of " + options.message.lengths.to_string() + " bytes"
                                         : std::string(", messages of a text");
    if (options.message.upper) text += ", upper-cased";
  } else {
    text += ", no exchange";
  }
  text += result.is_echo()                   ? ", closed loop\n"
          : options.close_by == CloseBy::fin ? ", closed by FIN\n"
                                             : ", closed by RST\n";
  text += "  on " + result.machine.host + ", " + result.machine.kernel + ", " + std::to_string(result.machine.cpus) +
          " x " + (result.machine.cpu.empty() ? "CPU" : result.machine.cpu) + "\n  weir-load " + result.version + ", " +
          when + "\n";
  return text;
}

std::string achieved(const LoadResult& result) {
  const WorkerStats& stats = result.stats;
  std::string text = "\nAchieved in " + seconds(result.window_seconds) + "\n";
  if (result.is_echo()) {
    text += "  connections  " + right(grouped(result.reached), 14) + " of " + grouped(result.options.connections) +
            " reached";
    if (stats[Count::reopened] != 0) text += ", " + grouped(stats[Count::reopened]) + " reopened";
    text += "\n  requests     " + right(grouped(stats[Count::replies]), 14) + right(display_rate(result.rate()), 14) +
            " a second\n";
  } else {
    text += "  connections  " + right(grouped(stats[Count::cycles]), 14) + right(display_rate(result.rate()), 14) +
            " a second\n";
  }
  if (result.options.exchange) {
    text += "  bytes        " + right(display_size(stats[Count::bytes]), 14) +
            right(display_size(static_cast<std::uint64_t>(result.byte_rate())), 14) + " a second, each way\n";
  }
  if (stats[Count::unfinished] != 0) {
    text += "  unfinished   " + right(grouped(stats[Count::unfinished]), 14) +
            " still open 1 s after the end; counted as slow as they are old\n";
  }
  return text;
}

void add_latency(std::string& text, const std::string& name, const Histogram& histogram) {
  if (histogram.count() == 0) return;
  text += "  " + name + std::string(10 - name.size(), ' ');
  for (const double percent : kPercentiles) text += right(display_duration(histogram.percentile(percent)), 11);
  text += right(display_duration(histogram.max()), 11) + right(display_duration(histogram.mean()), 11) + "\n";
}

std::string latencies(const LoadResult& result) {
  std::string rows;
  add_latency(rows, "cycle", result.stats[Time::cycle]);
  add_latency(rows, "response", result.stats[Time::response]);
  add_latency(rows, "connect", result.stats[Time::connect]);
  if (rows.empty()) return {};
  std::string text = "\nLatency     ";
  for (const char* column : {"p50", "p75", "p90", "p99", "p99.9", "p99.99", "max", "mean"}) text += right(column, 11);
  text += "\n" + rows;
  std::uint64_t above = 0;
  for (const Histogram* histogram :
       {&result.stats[Time::cycle], &result.stats[Time::response], &result.stats[Time::connect]}) {
    above += histogram->above_range();
  }
  if (above != 0)
    text += "  " + grouped(above) + " took longer than an hour: beyond the histogram, counted all the same\n";
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
    const auto count = static_cast<double>(rows[row]);
    const double share = 100 * count / static_cast<double>(histogram.count());
    text += "  from " + right(display_duration(std::chrono::nanoseconds(std::llround(bounds[row]))), 8) + "  ";
    text += bar(count / most, kBarWidth) + right(fixed(share, share < 9.95 ? 2 : 1), 8) + " %" +
            right(grouped(rows[row]), 14) + "\n";
  }
  return text;
}

std::string remedy(Failure failure) {
  switch (failure) {
    case Failure::local_ports:
      return "connections linger in TIME_WAIT: spread with --source, or --close rst";
    case Failure::local_resources:
      return "raise `ulimit -Hn`, or ask for fewer connections";
    case Failure::refused:
      return "does the target listen?";
    default:
      return {};
  }
}

std::string errors(const LoadResult& result) {
  const FailureCounts& failures = result.stats.failures;
  if (failures.total() == 0) return "\nErrors       none; every byte of every reply was right\n";
  std::string text = "\nErrors\n";
  for (std::size_t kind = 1; kind < kFailureKinds; ++kind) {
    const auto failure = static_cast<Failure>(kind);
    if (failures[failure] == 0) continue;
    text += right(grouped(failures[failure]), 12) + "  " + (is_wrong_reply(failure) ? "WRONG REPLY: " : "") +
            std::string(failure_text(failure));
    if (const std::string hint = remedy(failure); !hint.empty()) text += " (" + hint + ")";
    text += "\n";
  }
  for (const std::string& example : result.stats.examples) text += "              " + example + "\n";
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

}  // namespace

std::string text_report(const LoadResult& result) {
  const Verdict verdict = result.verdict();
  std::string text = title(result) + achieved(result) + latencies(result);
  text += result.is_echo() ? drawing(result.stats[Time::response], "response times")
                           : drawing(result.stats[Time::cycle], "cycle times");
  text += errors(result);
  if (result.is_echo() && result.stats[Time::response].count() != 0 && result.options.connections > 1) {
    const Fairness fairness = result.fairness();
    text += "Fairness     mean of the fastest connection " + display_duration(fairness.fastest_mean) +
            ", of the slowest " + display_duration(fairness.slowest_mean) + "\n             Jain's index " +
            fixed(fairness.jain, 3) + ", " + grouped(fairness.starved) + " starved\n";
  }
  text += "Verdict      " + ended(result.ended_by);
  if (result.rate() > 0) text += ", limited by the " + verdict.limited_by;
  text += "\n             " + verdict.reason + "\n";
  return text;
}

}  // namespace weir::load
