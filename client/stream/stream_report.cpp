#include "client/stream/stream_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "client/report/numbers.hpp"
#include "client/report/tls_json.hpp"
#include "client/report_head.hpp"
#include "client/stream/stream_numbers.hpp"
#include "common/counted.hpp"
#include "common/units.hpp"

namespace weir::load {

namespace {

/// How many sentences about failures, and how many wrong bytes, are shown.
constexpr std::size_t kExamples = 5;

std::string fixed(double number, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, number);
  return text;
}

std::string bytes_a_second(double rate) { return display_size(static_cast<std::uint64_t>(std::llround(rate))) + "/s"; }

/// A paragraph after its heading, broken at blanks into lines of at most 100 columns.
std::string paragraph(std::string_view heading, const std::string& text) {
  constexpr std::size_t kIndent = 13;
  constexpr std::size_t kColumns = 100;
  std::string result(heading);
  result.resize(kIndent, ' ');
  std::size_t column = kIndent;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    if (column != kIndent && column + 1 + (end - begin) > kColumns) {
      result += "\n" + std::string(kIndent, ' ');
      column = kIndent;
    }
    if (column != kIndent) result += ' ';
    column += (column == kIndent ? 0 : 1) + (end - begin);
    result += text.substr(begin, end - begin);
    begin = end + 1;
  }
  return result + "\n";
}

std::string title(const StreamSummary& summary) {
  const StreamOptions& options = summary.options;
  const std::string target = display_target(summary.options.target.to_string(), summary.endpoint);
  std::string text =
      "weir-load stream " + target + "\n  " + grouped(options.streams) +
      (options.streams == 1 ? " stream " : " streams ") +
      (options.direction == Direction::both ? "both ways" : std::string(direction_name(options.direction))) + " on " +
      std::to_string(summary.threads) + (summary.threads == 1 ? " thread, " : " threads, ") +
      format_duration(options.duration);
  if (options.warmup.count() != 0) text += " after " + format_duration(options.warmup) + " of warmup";
  if (options.pace != 0) text += ", each paced to " + bytes_a_second(static_cast<double>(options.pace));
  if (options.tls) text += ", over TLS";
  text += "\n  on " + summary.machine.host + ", " + summary.machine.kernel + ", " +
          std::to_string(summary.machine.cpus) + " x " + (summary.machine.cpu.empty() ? "CPU" : summary.machine.cpu) +
          "\n  weir-load " + summary.version + ", " + display_time(summary.started) + "\n";
  return text;
}

std::string way(const char* name, std::uint64_t bytes, double rate) {
  return std::string("  ") + name + right(display_size(bytes), 11) + right(display_bits(rate), 15) +
         right(bytes_a_second(rate), 16) + "\n";
}

std::string far_end_text(const StreamSummary& summary) {
  const std::uint32_t echoes = summary.far_ends(FarEnd::echo);
  const std::uint32_t serves = summary.far_ends(FarEnd::serve);
  const std::uint32_t silent = summary.far_ends(FarEnd::silent);
  if (summary.reached == 0) return {};
  if (echoes == summary.reached) {
    return summary.options.direction == Direction::up
               ? "an echo: every byte came back and was checked here, so that both ways were busy"
               : "an echo: every byte that came back was checked here";
  }
  if (serves == summary.reached) {
    switch (summary.options.direction) {
      case Direction::up:
        return "`weir-load stream --serve`, which checked every byte that it got";
      case Direction::down:
        return "`weir-load stream --serve`: every byte was checked here";
      case Direction::both:
        return "`weir-load stream --serve`: every byte was checked, here and there";
    }
  }
  if (silent == summary.reached && goes_down(summary.options.direction)) return "answered nothing";
  if (silent == summary.reached)
    return "answers nothing, as a discard: bytes count as acknowledged, and nobody checked them";
  return "not the same for all streams: " + grouped(serves) + " `--serve`, " + grouped(echoes) + " echo, " +
         grouped(silent) + " silent";
}

std::string throughput(const StreamSummary& summary) {
  std::string text = "\nThroughput   " + fixed(summary.window_seconds, 2) + " s measured, " + grouped(summary.reached) +
                     " of " + grouped(summary.options.streams) + " streams reached\n";
  const bool came_back = summary.far_ends(FarEnd::echo) != 0;
  if (goes_up(summary.options.direction)) text += way("up    ", summary.window.up, summary.up_rate());
  if (goes_down(summary.options.direction) || came_back) {
    text += way("down  ", summary.window.down, summary.down_rate());
  }
  if (summary.window.up + summary.window.down != 0) {
    text += "  CPU     " + fixed(summary.cpu_per_gigabyte(), 3) + " s for 10^9 bytes sent or checked here, " +
            fixed(summary.cpu_seconds, 2) + " s in all; the machine was " + display_percent(summary.machine_busy) +
            " busy\n";
  }
  if (const std::string far_end = far_end_text(summary); !far_end.empty()) text += paragraph("Far end", far_end);
  return text;
}

std::string per_stream(const StreamSummary& summary) {
  if (summary.options.streams == 1 || summary.reached == 0) return {};
  const StreamFairness fairness = summary.fairness();
  return "Streams      slowest " + display_bits(fairness.slowest) + ", fastest " + display_bits(fairness.fastest) +
         ", Jain's index " + fixed(fairness.jain, 3) + "\n";
}

std::string close_times(const StreamSummary& summary) {
  std::vector<io::Clock::duration> times;
  for (const StreamOutcome& outcome : summary.outcomes) {
    if (outcome.close) times.push_back(*outcome.close);
  }
  if (times.empty()) return {};
  std::sort(times.begin(), times.end());
  const std::string longest = display_duration(times.back());
  if (times.size() == 1) return "Close        " + longest + " from our FIN to the far end's\n";
  return "Close        from our FIN to the far end's: p50 " + display_duration(times[(times.size() - 1) / 2]) +
         ", max " + longest + "\n";
}

std::string tcp(const StreamSummary& summary) {
  double rtt = 0;
  std::uint64_t least = 0;
  std::uint64_t retransmits = 0;
  std::uint64_t bytes_retrans = 0;
  std::uint64_t count = 0;
  for (const StreamOutcome& outcome : summary.outcomes) {
    if (!outcome.progress.tcp) continue;
    const TcpFacts& facts = *outcome.progress.tcp;
    rtt += static_cast<double>(facts.rtt_us);
    if (facts.min_rtt_us != 0) least = least == 0 ? facts.min_rtt_us : std::min(least, facts.min_rtt_us);
    retransmits += facts.retransmits;
    bytes_retrans += facts.bytes_retrans;
    ++count;
  }
  if (count == 0) return {};
  std::string text = "TCP          rtt " + display_microseconds(rtt / static_cast<double>(count)) + " at the end, " +
                     display_microseconds(static_cast<double>(least)) + " at best; " + grouped(retransmits) +
                     (retransmits == 1 ? " segment" : " segments") + " sent again (" + display_size(bytes_retrans) +
                     ")\n";
  const bool paced = summary.options.pace != 0;
  const std::string own = limits_sentence(summary.own_limits(), paced, "our");
  const std::string far = limits_sentence(summary.far_limits(), paced, "its");
  if (!own.empty()) text += paragraph("Sending", own);
  if (!far.empty()) text += paragraph("Far sending", far);
  return text;
}

std::string hex(const std::string& bytes) {
  std::string text;
  for (const char byte : bytes) {
    char digits[4];
    std::snprintf(digits, sizeof digits, "%s%02x", text.empty() ? "" : " ", static_cast<unsigned char>(byte));
    text += digits;
  }
  return text;
}

std::string wrong_bytes(const StreamOutcome& outcome) {
  const WrongReply& wrong = *outcome.wrong;
  std::string text =
      "              " + std::string(outcome.wrong_way_up ? "up, seen by the far end: " : "down: ") + wrong.text + "\n";
  if (!wrong.expected.empty()) text += "                expected  " + hex(wrong.expected) + "\n";
  if (!wrong.received.empty()) text += "                received  " + hex(wrong.received) + "\n";
  return text;
}

std::string errors(const StreamSummary& summary) {
  const FailureCounts failures = summary.failures();
  if (failures.total() == 0) {
    const bool checked = summary.far_ends(FarEnd::silent) == 0;
    return std::string("\nErrors       none") + (checked && summary.reached != 0 ? "; every byte was right\n" : "\n");
  }
  std::string text = "\nErrors\n";
  for (std::size_t kind = 1; kind < kFailureKinds; ++kind) {
    const auto failure = static_cast<Failure>(kind);
    if (failures[failure] == 0) continue;
    text += right(grouped(failures[failure]), 12) + "  " + (is_wrong_reply(failure) ? "WRONG BYTES: " : "") +
            std::string(failure_text(failure));
    if (const std::string_view hint = failure_remedy(failure); is_of_tls(failure) && !hint.empty()) {
      text += fmt::format("\n              ({})", hint);
    }
    text += "\n";
  }
  std::size_t shown = 0;
  for (const StreamOutcome& outcome : summary.outcomes) {
    if (shown == kExamples) break;
    if (outcome.wrong) text += wrong_bytes(outcome);
    if (!outcome.detail.empty()) text += "              " + outcome.detail + "\n";
    if (outcome.wrong || !outcome.detail.empty()) ++shown;
  }
  return text;
}

std::string_view ended_by_key(StreamsEndedBy ended_by) {
  static constexpr std::string_view kKeys[] = {"duration", "interrupt", "far_end", "no_connection"};
  return kKeys[static_cast<std::size_t>(ended_by)];
}

std::string verdict(const StreamSummary& summary) {
  static constexpr const char* kTexts[] = {"ended by its duration", "interrupted", "ended with the last stream",
                                           "no stream could be opened"};
  return std::string("Ended        ") + kTexts[static_cast<std::size_t>(summary.ended_by)] + "\n";
}

// JSON.

namespace json = boost::json;

json::string_view text(std::string_view view) { return {view.data(), view.size()}; }

double in_seconds(StreamOptions::Duration duration) { return std::chrono::duration<double>(duration).count(); }

json::object to_json(const TcpFacts& facts) {
  return {{"rtt_us", facts.rtt_us},
          {"min_rtt_us", facts.min_rtt_us},
          {"retransmits", facts.retransmits},
          {"bytes_retrans", facts.bytes_retrans},
          {"delivery_rate", facts.delivery_rate},
          {"busy_us", facts.busy_us},
          {"rwnd_limited_us", facts.rwnd_us},
          {"sndbuf_limited_us", facts.sndbuf_us}};
}

json::value to_json(const SendLimits& limits, bool paced) {
  if (limits.elapsed_us == 0) return nullptr;
  return json::object{{"receiver", limits.receiver()},
                      {"send_buffer", limits.send_buffer()},
                      {"network", limits.network()},
                      {"application", limits.idle()},
                      {"largest", text(largest_limit(limits, paced))}};
}

json::object to_json(const StreamInterval& interval) {
  return {{"at_s", interval.at},
          {"length_s", interval.length},
          {"up_bytes", interval.up},
          {"down_bytes", interval.down},
          {"open", interval.open},
          {"rtt_us", interval.rtt_us},
          {"min_rtt_us", interval.min_rtt_us},
          {"retransmits", interval.retransmits},
          {"bytes_retrans", interval.bytes_retrans},
          {"delivery_rate", interval.delivery_rate},
          {"busy_us", interval.limits.busy_us},
          {"rwnd_limited_us", interval.limits.rwnd_us},
          {"sndbuf_limited_us", interval.limits.sndbuf_us}};
}

json::object to_json(const StreamOutcome& outcome, std::size_t number, bool paced) {
  json::object stream;
  stream["stream"] = number;
  stream["reached"] = outcome.reached;
  stream["far_end"] = text(far_end_key(outcome.far_end));
  stream["sent_bytes"] = outcome.sent;
  stream["acknowledged_bytes"] = outcome.progress.up;
  stream["received_bytes"] = outcome.received;
  stream["confirmed_bytes"] = outcome.result ? json::value(outcome.result->received) : json::value(nullptr);
  stream["close_s"] =
      outcome.close ? json::value(std::chrono::duration<double>(*outcome.close).count()) : json::value(nullptr);
  stream["tcp"] = outcome.progress.tcp ? json::value(to_json(*outcome.progress.tcp)) : json::value(nullptr);
  stream["limits"] = to_json(outcome.limits, paced);
  stream["far_limits"] = outcome.result ? to_json(outcome.result->limits, paced) : json::value(nullptr);
  stream["error"] =
      outcome.failure == Failure::none ? json::value(nullptr) : json::value(text(failure_key(outcome.failure)));
  stream["wrong"] = nullptr;
  if (outcome.wrong) {
    stream["wrong"] = json::object{{"kind", text(failure_key(outcome.wrong->kind))},
                                   {"way", outcome.wrong_way_up ? "up" : "down"},
                                   {"offset", outcome.wrong->offset},
                                   {"text", outcome.wrong->text},
                                   {"excerpt_at", outcome.wrong->excerpt_at},
                                   {"expected_hex", hex(outcome.wrong->expected)},
                                   {"received_hex", hex(outcome.wrong->received)}};
  }
  return stream;
}

json::object errors_to_json(const StreamSummary& summary) {
  const FailureCounts failures = summary.failures();
  json::object kinds;
  for (std::size_t kind = 1; kind < kFailureKinds; ++kind) {
    const auto failure = static_cast<Failure>(kind);
    kinds[text(failure_key(failure))] = failures[failure];
  }
  json::array examples;
  for (const StreamOutcome& outcome : summary.outcomes) {
    if (examples.size() == kExamples) break;
    if (outcome.wrong) examples.emplace_back(outcome.wrong->text);
    if (!outcome.detail.empty()) examples.emplace_back(outcome.detail);
  }
  return {{"total", failures.total()},
          {"wrong_replies", failures.wrong_replies()},
          {"kinds", std::move(kinds)},
          {"examples", std::move(examples)}};
}

}  // namespace

std::string stream_text_report(const StreamSummary& summary) {
  return title(summary) + throughput(summary) + per_stream(summary) + close_times(summary) + tcp(summary) +
         errors(summary) + verdict(summary);
}

json::object stream_json_report(const StreamSummary& summary) {
  const StreamOptions& options = summary.options;
  const bool paced = options.pace != 0;
  const StreamFairness fairness = summary.fairness();
  json::object report = report_head("stream", summary.version, options.target.to_string(), summary.endpoint,
                                    summary.started, summary.machine);
  report["options"] = json::object{{"direction", text(direction_name(options.direction))},
                                   {"streams", options.streams},
                                   {"pace", options.pace},
                                   {"duration_s", in_seconds(options.duration)},
                                   {"warmup_s", in_seconds(options.warmup)},
                                   {"timeout_s", in_seconds(options.timeout)},
                                   {"max_errors", options.max_errors}};
  if (options.tls) report["options"].as_object()["tls"] = tls_to_json(*options.tls);
  report["threads"] = summary.threads;
  report["ended_by"] = text(ended_by_key(summary.ended_by));
  report["window_s"] = summary.window_seconds;
  report["reached"] = summary.reached;
  report["up"] = json::object{
      {"bytes", summary.window.up}, {"bytes_per_s", summary.up_rate()}, {"bits_per_s", summary.up_rate() * 8}};
  report["down"] = json::object{
      {"bytes", summary.window.down}, {"bytes_per_s", summary.down_rate()}, {"bits_per_s", summary.down_rate() * 8}};
  report["fairness"] = json::object{
      {"jain", fairness.jain}, {"slowest_bytes_per_s", fairness.slowest}, {"fastest_bytes_per_s", fairness.fastest}};
  report["limits"] = to_json(summary.own_limits(), paced);
  report["far_limits"] = to_json(summary.far_limits(), paced);
  report["generator"] = json::object{{"cpu_s", summary.cpu_seconds},
                                     {"cpu_s_per_gigabyte", summary.cpu_per_gigabyte()},
                                     {"machine_busy", summary.machine_busy}};
  report["errors"] = errors_to_json(summary);
  json::array intervals;
  for (const StreamInterval& interval : summary.intervals) intervals.emplace_back(to_json(interval));
  report["intervals"] = std::move(intervals);
  json::array streams;
  for (std::size_t i = 0; i < summary.outcomes.size(); ++i) {
    streams.emplace_back(to_json(summary.outcomes[i], i, paced));
  }
  report["streams"] = std::move(streams);
  report["exit_status"] = summary.exit_status();
  return report;
}

}  // namespace weir::load
