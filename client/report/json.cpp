#include "client/report/json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <string_view>
#include <utility>

#include "client/report/audit_findings.hpp"
#include "client/report/hex.hpp"
#include "client/report/histogram_json.hpp"
#include "client/report/json_keys.hpp"
#include "client/report/slo_findings.hpp"
#include "client/report/thin_intervals.hpp"
#include "client/report/tls_json.hpp"
#include "client/report_head.hpp"
#include "common/escapes.hpp"
#include "common/logging.hpp"

namespace weir::load {

namespace json = boost::json;

namespace {

double in_seconds(LoadOptions::Duration duration) { return std::chrono::duration<double>(duration).count(); }

json::string_view view(std::string_view text) { return {text.data(), text.size()}; }

template <typename T>
json::value or_null(const std::optional<T>& value) {
  return value ? json::value(*value) : json::value(nullptr);
}

json::object options_to_json(const LoadOptions& options) {
  json::object object;
  object["connections"] = options.connections;
  object["processes"] = options.processes;
  object["duration_s"] = options.duration ? json::value(in_seconds(*options.duration)) : json::value(nullptr);
  object["requests"] = or_null(options.requests);
  object["warmup_s"] = in_seconds(options.warmup);
  object["rate"] = or_null(options.rate);
  object["arrivals"] = view(word_of(kArrivalWords, options.arrivals));
  object["interval_s"] = in_seconds(options.interval);
  object["drain_s"] = in_seconds(options.drain);
  object["timeout_s"] = in_seconds(options.timeout);
  object["connect_rate"] = options.connect_rate;
  object["length"] = options.message.lengths.to_string();
  // As on the command line: bytes that are no UTF-8 cannot stand in JSON.
  object["message"] = options.message.text.empty() ? json::value(nullptr) : json::value(escape(options.message.text));
  object["expect"] = view(word_of(kExpectWords, options.message.upper));
  object["seed"] = options.message.seed;
  object["source"] = options.source.to_string();
  object["proxy_protocol"] = view(word_of(kProxyWords, options.proxy_protocol));
  object["proxy_sources"] = options.proxy_sources.to_string();
  if (options.tls) object["tls"] = tls_to_json(*options.tls);
  object["max_errors"] = options.max_errors;
  json::array slo;
  for (const SloClause& clause : options.slo) slo.emplace_back(clause.text);
  object["slo"] = std::move(slo);
  if (options.workload == Workload::connect) {
    object["exchange"] = options.exchange;
    object["close"] = view(word_of(kCloseWords, options.close_by));
  } else {
    object["pipeline"] = or_null(options.pipeline);
    object["think_s"] = in_seconds(options.think);
    object["reconnect_every"] = options.reconnect_every;
    object["newcomers"] = options.newcomers;
  }
  return object;
}

json::object wrong_to_json(const WrongReply& wrong) {
  json::object object;
  object["kind"] = view(failure_key(wrong.kind));
  object["connection"] = wrong.connection;
  object["request"] = wrong.sequence;
  object["offset"] = wrong.offset;
  object["text"] = wrong.text;
  object["excerpt_at"] = wrong.excerpt_at;
  object["expected"] = to_hex(wrong.expected);
  object["received"] = to_hex(wrong.received);
  return object;
}

json::object failures_to_json(const WorkerStats& stats) {
  json::object kinds;
  for (std::size_t kind = 1; kind < kFailureKinds; ++kind) {
    const auto failure = static_cast<Failure>(kind);
    kinds[view(failure_key(failure))] = stats.failures[failure];
  }
  json::array examples;
  for (const std::string& example : stats.examples) examples.emplace_back(example);
  json::array wrong;
  for (const WrongReply& reply : stats.wrong) wrong.push_back(wrong_to_json(reply));
  json::object object;
  object["total"] = stats.failures.total();
  object["wrong_replies"] = stats.failures.wrong_replies();
  object["kinds"] = std::move(kinds);
  object["examples"] = std::move(examples);
  object["wrong"] = std::move(wrong);
  return object;
}

/// Those of TLS only where the run spoke it.
json::object latency_to_json(const WorkerStats& stats, bool tls) {
  json::object object;
  for (std::size_t i = 0; i < kTimes; ++i) {
    if (is_of_tls(static_cast<Time>(i)) && !tls) continue;
    object[view(time_key(static_cast<Time>(i)))] = histogram_to_json(stats.times[i]);
  }
  return object;
}

json::object handshakes_to_json(const LoadResult& result) {
  const WorkerStats& stats = result.stats;
  // Where connections stay, handshakes are made before anything is measured.
  const auto rate = [&result](std::uint64_t count) {
    if (result.is_echo() || result.window_seconds <= 0) return json::value(nullptr);
    return json::value(static_cast<double>(count) / result.window_seconds);
  };
  return {{"agreed", stats.agreed},
          {"handshakes", stats[Count::handshakes]},
          {"resumed", stats[Count::resumed]},
          {"handshakes_per_s", rate(stats[Count::handshakes])},
          {"resumed_per_s", rate(stats[Count::resumed])}};
}

/// Of a histogram over connections; the buckets so that reports can be merged.
json::object quantiles_to_json(const Histogram& over) {
  return {{"min", over.min().count()},          {"p10", over.percentile(10).count()},
          {"p50", over.percentile(50).count()}, {"p90", over.percentile(90).count()},
          {"max", over.max().count()},          {"buckets", buckets_to_json(over.buckets())}};
}

json::object fairness_to_json(const LoadResult& result) {
  const FairShare& share = result.fairness;
  json::object fairness{{"jain", share.jain(result.reached)},
                        {"fastest_mean_ns", share.fastest_mean.count()},
                        {"slowest_mean_ns", share.slowest_mean.count()},
                        {"starved", share.starved(result.reached)},
                        {"served", share.served},
                        {"replies_sum", share.sum},
                        {"replies_squares", share.squares}};
  if (const ConnectionSpread& spread = result.spread; spread.known()) {
    fairness["connections"] = json::object{{"counted", spread.p99s.count()},
                                           {"every", spread.every},
                                           {"replies", quantiles_to_json(spread.replies)},
                                           {"mean_ns", quantiles_to_json(spread.means)},
                                           {"p99_ns", quantiles_to_json(spread.p99s)}};
  }
  return fairness;
}

json::array to_json(const std::vector<std::string>& sentences) {
  json::array array;
  for (const std::string& sentence : sentences) array.emplace_back(sentence);
  return array;
}

json::object network_to_json(const NetworkCounters& counters) {
  json::object object;
  for (std::size_t i = 0; i < kNetworkCounters; ++i) {
    object[view(kernel_name(static_cast<NetworkCounter>(i)))] = counters.counts[i];
  }
  return object;
}

json::object audit_to_json(const Audit& audit, const std::vector<std::string>& remarks) {
  return {{"remarks", to_json(remarks)},
          {"target_here", audit.target_here},
          {"voluntary_switches", audit.voluntary},
          {"involuntary_switches", audit.involuntary},
          {"stolen", audit.stolen},
          {"pressure", or_null(audit.pressure)},
          {"throttling", json::object{{"periods", audit.throttling.periods},
                                      {"throttled", audit.throttling.throttled},
                                      {"throttled_s", in_seconds(audit.throttling.time)}}},
          {"network", network_to_json(audit.network)},
          {"network_before", network_to_json(audit.network_before)}};
}

json::object interval_to_json(const Interval& interval) {
  return {{"at_s", interval.at},
          {"length_s", interval.length},
          {"done", interval.done},
          {"errors", interval.failures},
          {"p50_ns", interval.p50.count()},
          {"p99_ns", interval.p99.count()},
          {"buckets", buckets_to_json(interval.buckets)}};
}

json::array slo_to_json(const LoadResult& result) {
  json::array array;
  for (const SloFinding& finding : slo_findings(result, result.options.slo)) {
    json::object object{{"clause", finding.clause.text}, {"what", finding.clause.name}};
    if (finding.clause.is_of_time()) {
      object["limit_ns"] = finding.clause.time.count();
      object["found_ns"] = finding.found_time.count();
    } else {
      object["limit"] = finding.clause.number;
      object["found"] = finding.found;
    }
    object["met"] = finding.met;
    object["sentence"] = finding.sentence;
    array.push_back(std::move(object));
  }
  return array;
}

/// `intervals` stands for those of the result.
json::object report_with(json::value intervals, const LoadResult& result) {
  const WorkerStats& stats = result.stats;
  const Verdict verdict = result.verdict();

  json::object report = report_head(word_of(kWorkloadWords, result.options.workload), result.version,
                                    result.options.target.to_string(), result.endpoint, result.started, result.machine);
  report["began"] = format_time(result.began);
  report["command"] = command_to_json(result.options.command);
  report["options"] = options_to_json(result.options);
  report["generators"] = result.generators;
  report["threads"] = result.threads;
  report["ended_by"] = view(word_of(kEndedByWords, result.ended_by));
  report["window_s"] = result.window_seconds;
  report["connections"] = json::object{{"asked", result.options.connections},
                                       {"reached", result.reached},
                                       {"reopened", stats[Count::reopened]},
                                       {"renewed", stats[Count::renewed]},
                                       {"newcomers", stats[Count::newcomers]}};
  json::object requests{{"completed", stats[Count::replies]}};
  for (const Count count : kRequestCounts) requests[view(count_key(count))] = stats[count];
  report["requests"] = std::move(requests);
  report["cycles"] = stats[Count::cycles];
  report["rate"] = result.rate();
  report["bytes_each_way"] = stats[Count::bytes];
  report["latency"] = latency_to_json(stats, result.options.tls.has_value());
  if (result.options.tls) report["tls"] = handshakes_to_json(result);
  report["errors"] = failures_to_json(stats);
  report["fairness"] = fairness_to_json(result);
  report["generator"] = json::object{{"cpu_s", result.cpu_seconds},
                                     {"processors", result.processors},
                                     {"share", result.generator_share()},
                                     {"machine_busy", result.machine_busy},
                                     {"retransmits", result.retransmits}};
  report["verdict"] = json::object{
      {"limited_by", verdict.limited_by}, {"reason", verdict.reason}, {"reasons", to_json(verdict.reasons)}};
  if (result.audit) report["audit"] = audit_to_json(*result.audit, remarks_beside(verdict, result));
  report["slo"] = slo_to_json(result);
  report["intervals"] = std::move(intervals);
  report["exit_status"] = result.exit_status();
  return report;
}

}  // namespace

json::object json_report(const LoadResult& result) {
  json::array intervals;
  intervals.reserve(result.intervals.size());
  for (const Interval& interval : result.intervals) intervals.push_back(interval_to_json(interval));
  return report_with(std::move(intervals), result);
}

json::object page_report(const LoadResult& result) {
  auto left = result.intervals.begin();
  const auto next = [&](json::value& interval) {
    if (left == result.intervals.end()) return false;
    interval = interval_to_json(*left++);
    return true;
  };
  return report_with(thin_intervals(result.intervals.size(), next), result);
}

std::string json_text(const LoadResult& result) {
  std::string text = json::serialize(report_with(nullptr, result));
  // Within a text the quotes would be escaped, so that this stands for the key alone.
  constexpr std::string_view kKey = "\"intervals\":";
  const std::size_t place = text.find(std::string(kKey) + "null") + kKey.size();
  const std::string rest = text.substr(place + 4);
  text.resize(place);
  text += '[';
  for (const Interval& interval : result.intervals) {
    if (&interval != &result.intervals.front()) text += ',';
    text += json::serialize(interval_to_json(interval));
  }
  text += ']';
  text += rest;
  return text;
}

}  // namespace weir::load
