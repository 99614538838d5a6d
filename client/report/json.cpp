#include "client/report/json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <stdexcept>

#include "common/logging.hpp"

namespace weir::load {

namespace json = boost::json;

namespace {

double in_seconds(LoadOptions::Duration duration) { return std::chrono::duration<double>(duration).count(); }

json::object options_to_json(const LoadOptions& options) {
  json::object object;
  object["connections"] = options.connections;
  object["duration_s"] = options.duration ? json::value(in_seconds(*options.duration)) : json::value(nullptr);
  object["requests"] = options.requests ? json::value(*options.requests) : json::value(nullptr);
  object["warmup_s"] = in_seconds(options.warmup);
  object["timeout_s"] = in_seconds(options.timeout);
  object["connect_rate"] = options.connect_rate;
  object["length"] = options.message.lengths.to_string();
  object["message"] = options.message.text.empty() ? json::value(nullptr) : json::value(options.message.text);
  object["expect"] = options.message.upper ? "upper" : "same";
  object["seed"] = options.message.seed;
  object["max_errors"] = options.max_errors;
  if (options.workload == Workload::connect) {
    object["exchange"] = options.exchange;
    object["close"] = options.close_by == CloseBy::fin ? "fin" : "rst";
  }
  return object;
}

const char* ended_by_key(EndedBy ended_by) {
  switch (ended_by) {
    case EndedBy::duration:
      return "duration";
    case EndedBy::requests:
      return "requests";
    case EndedBy::interrupt:
      return "interrupt";
    case EndedBy::no_connection:
      return "no_connection";
  }
  return "";
}

json::object failures_to_json(const WorkerStats& stats) {
  json::object kinds;
  for (std::size_t kind = 1; kind < kFailureKinds; ++kind) {
    const auto failure = static_cast<Failure>(kind);
    const std::string_view key = failure_key(failure);
    kinds[json::string_view(key.data(), key.size())] = stats.failures[failure];
  }
  json::array examples;
  for (const std::string& example : stats.examples) examples.emplace_back(example);
  json::object object;
  object["total"] = stats.failures.total();
  object["wrong_replies"] = stats.failures.wrong_replies();
  object["kinds"] = std::move(kinds);
  object["examples"] = std::move(examples);
  return object;
}

}  // namespace

json::object histogram_to_json(const Histogram& histogram) {
  json::object percentiles;
  for (const auto& [key, percent] :
       {std::pair{"50", 50.0}, {"75", 75.0}, {"90", 90.0}, {"99", 99.0}, {"99.9", 99.9}, {"99.99", 99.99}}) {
    percentiles[key] = histogram.percentile(percent).count();
  }
  json::array buckets;
  for (const Histogram::Bucket& bucket : histogram.buckets()) {
    buckets.push_back(json::array{bucket.lowest.count(), bucket.count});
  }
  json::object object;
  object["count"] = histogram.count();
  object["above_range"] = histogram.above_range();
  object["min_ns"] = histogram.min().count();
  object["max_ns"] = histogram.max().count();
  object["mean_ns"] = histogram.mean().count();
  object["sum_ns"] = histogram.sum().count();
  object["percentiles_ns"] = std::move(percentiles);
  object["buckets"] = std::move(buckets);
  return object;
}

Histogram histogram_from_json(const json::object& json) {
  const auto ns = [&json](const char* key) { return Histogram::Nanoseconds(json.at(key).to_number<std::int64_t>()); };
  Histogram histogram;
  for (const json::value& bucket : json.at("buckets").as_array()) {
    const auto lowest = bucket.as_array().at(0).to_number<std::int64_t>();
    if (lowest < 0 || Histogram::Nanoseconds(lowest) > Histogram::kHighest) throw std::runtime_error("no such bucket");
    histogram.add({Histogram::Nanoseconds(lowest), bucket.as_array().at(1).to_number<std::uint64_t>()});
  }
  histogram.restore(json.at("above_range").to_number<std::uint64_t>(), ns("min_ns"), ns("max_ns"), ns("sum_ns"));
  return histogram;
}

json::object json_report(const LoadResult& result) {
  const WorkerStats& stats = result.stats;
  const Fairness fairness = result.fairness();
  const Verdict verdict = result.verdict();

  json::object report;
  report["schema"] = kJsonSchema;
  report["program"] = "weir-load";
  report["version"] = result.version;
  report["workload"] = result.is_echo() ? "echo" : "connect";
  report["target"] = result.options.target.to_string();
  report["endpoint"] = result.endpoint;
  report["started"] = format_time(result.started);
  report["machine"] = json::object{{"host", result.machine.host},
                                   {"kernel", result.machine.kernel},
                                   {"cpu", result.machine.cpu},
                                   {"cpus", result.machine.cpus}};
  report["options"] = options_to_json(result.options);
  report["threads"] = result.threads;
  report["ended_by"] = ended_by_key(result.ended_by);
  report["window_s"] = result.window_seconds;
  report["connections"] = json::object{
      {"asked", result.options.connections}, {"reached", result.reached}, {"reopened", stats[Count::reopened]}};
  report["requests"] = json::object{{"completed", stats[Count::replies]}, {"unfinished", stats[Count::unfinished]}};
  report["cycles"] = stats[Count::cycles];
  report["rate"] = result.rate();
  report["bytes_each_way"] = stats[Count::bytes];
  report["latency"] = json::object{{"response", histogram_to_json(stats[Time::response])},
                                   {"connect", histogram_to_json(stats[Time::connect])},
                                   {"cycle", histogram_to_json(stats[Time::cycle])}};
  report["errors"] = failures_to_json(stats);
  report["fairness"] = json::object{{"jain", fairness.jain},
                                    {"fastest_mean_ns", fairness.fastest_mean.count()},
                                    {"slowest_mean_ns", fairness.slowest_mean.count()},
                                    {"starved", fairness.starved}};
  report["generator"] = json::object{
      {"cpu_s", result.cpu_seconds}, {"share", result.generator_share()}, {"machine_busy", result.machine_busy}};
  report["verdict"] = json::object{{"limited_by", verdict.limited_by}, {"reason", verdict.reason}};
  json::array intervals;
  for (const Interval& interval : result.intervals) {
    intervals.push_back(json::object{{"at_s", interval.at},
                                     {"length_s", interval.length},
                                     {"done", interval.done},
                                     {"errors", interval.failures},
                                     {"p50_ns", interval.p50.count()},
                                     {"p99_ns", interval.p99.count()}});
  }
  report["intervals"] = std::move(intervals);
  report["exit_status"] = result.exit_status();
  return report;
}

void write_json_report(const LoadResult& result, const std::string& file) {
  const std::string text = json::serialize(json_report(result)) + "\n";
  std::FILE* out = file == "-" ? stdout : std::fopen(file.c_str(), "w");
  bool written = out != nullptr && std::fwrite(text.data(), 1, text.size(), out) == text.size();
  int error = errno;
  if (out != nullptr && (out == stdout ? std::fflush(out) : std::fclose(out)) != 0) {
    written = false;
    error = errno;
  }
  if (!written) throw std::runtime_error("cannot write " + file + ": " + std::strerror(error));
}

}  // namespace weir::load
