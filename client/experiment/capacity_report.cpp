#include "client/experiment/capacity_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <cmath>

#include "client/report/layout.hpp"
#include "client/report/numbers.hpp"
#include "client/report/tls_json.hpp"
#include "client/report_head.hpp"
#include "common/counted.hpp"
#include "common/logging.hpp"
#include "common/units.hpp"

namespace weir::load {

namespace json = boost::json;

namespace {

constexpr int kBar = 24;

/// The percentile that the curve is drawn of: the strictest one that a clause is about.
double drawn_percentile(const Capacity& capacity) {
  double percent = 0;
  for (const SloClause& clause : capacity.options.plan.slo) {
    if (clause.what == SloClause::What::percentile) percent = std::max(percent, clause.percent);
  }
  return percent > 50 ? percent : 99;
}

/// The last try of each rate, which decided, from the lowest rate to the highest.
std::vector<const CapacityStep*> by_rate(const Capacity& capacity) {
  std::vector<const CapacityStep*> steps;
  for (const CapacityStep& step : capacity.steps) {
    if (!steps.empty() && steps.back()->rate == step.rate) steps.pop_back();
    steps.push_back(&step);
  }
  std::stable_sort(steps.begin(), steps.end(),
                   [](const CapacityStep* a, const CapacityStep* b) { return a->rate < b->rate; });
  return steps;
}

/// Where a time lies between the shortest and the longest, by its logarithm.
double place(double ns, double least, double most) {
  if (most <= least) return 1;
  return std::clamp(0.05 + 0.95 * std::log(ns / least) / std::log(most / least), 0.0, 1.0);
}

std::string curve(const Capacity& capacity) {
  const double percent = drawn_percentile(capacity);
  const std::vector<const CapacityStep*> steps = by_rate(capacity);
  double least = 1e18;
  double most = 1;
  const auto drawn = [percent](const CapacityStep& step) {
    return std::max(1.0, static_cast<double>(step.result.times().percentile(percent).count()));
  };
  for (const CapacityStep* step : steps) {
    least = std::min(least, drawn(*step));
    most = std::max(most, drawn(*step));
  }
  const std::string name = fmt::format("p{:g}", percent);
  std::string text =
      fmt::format("\n  {}{}{}{}\n", right("rate", 10), right("served", 11), right("p50", 10), right(name, 10));
  for (const CapacityStep* step : steps) {
    const Histogram& times = step->result.times();
    text += fmt::format("  {}{}{}{}  {}  {}\n", right(display_rate(step->rate), 10),
                        right(display_rate(step->result.rate()), 11), right(display_duration(times.percentile(50)), 10),
                        right(display_duration(times.percentile(percent)), 10),
                        bar(place(drawn(*step), least, most), kBar), step->met ? "met" : "NOT MET");
  }
  return text + "\n";
}

std::string slo_text(const Capacity& capacity) {
  std::string text;
  for (const SloClause& clause : capacity.options.plan.slo) text += (text.empty() ? "" : ",") + clause.text;
  return text.empty() ? "no errors, and the rate is kept up" : text;
}

std::string answer(const Capacity& capacity) {
  if (!capacity.met) {
    return capacity.interrupted ? "Interrupted before any rate was known to meet it."
                                : "No rate that was tried meets it.";
  }
  std::string text = fmt::format("{} requests a second meet it", display_rate(*capacity.met));
  if (capacity.failed) text += fmt::format(", and {} do not", display_rate(*capacity.failed));
  text += ".";
  if (capacity.interrupted) text += " The search was interrupted: there may be more.";
  return text;
}

}  // namespace

std::string capacity_text(const Capacity& capacity) {
  const LoadOptions& plan = capacity.options.plan;
  std::string text = "weir-load capacity " + display_target(plan.target.to_string(), capacity.endpoint) + "\n  ";
  text +=
      wrapped(fmt::format("{} connections, messages of {} bytes{}, each rate held for {} at least; on {}, {}, {} x {}",
                          grouped(plan.connections), plan.message.lengths.to_string(), plan.tls ? " over TLS" : "",
                          format_duration(capacity.options.step), capacity.machine.host, capacity.machine.kernel,
                          capacity.machine.cpus, capacity.machine.cpu.empty() ? "CPU" : capacity.machine.cpu),
              2, 2);
  text += "\n  weir-load " + capacity.version + ", " + display_time(capacity.started) + "\n";
  if (!capacity.steps.empty()) text += curve(capacity);
  text += part("SLO", slo_text(capacity));
  text += part("Capacity", answer(capacity));
  text += part("Gave way", capacity.gave_way + ": " + capacity.reason);
  text += part("Closed loop", display_rate(capacity.closed_loop_rate) + " a second, which says nothing of latency");
  return text;
}

json::object capacity_json(const Capacity& capacity) {
  const LoadOptions& plan = capacity.options.plan;
  json::array slo;
  for (const SloClause& clause : plan.slo) slo.emplace_back(clause.text);
  json::array steps;
  for (const CapacityStep& step : capacity.steps) {
    json::array broken;
    for (const std::string& sentence : step.broken) broken.emplace_back(sentence);
    const Histogram& times = step.result.times();
    json::object object;
    object["rate"] = step.rate;
    object["achieved"] = step.result.rate();
    object["length_s"] = step.result.window_seconds;
    for (const auto& [key, percent] :
         {std::pair{"p50_ns", 50.0}, {"p90_ns", 90.0}, {"p99_ns", 99.0}, {"p99.9_ns", 99.9}}) {
      object[key] = times.percentile(percent).count();
    }
    object["max_ns"] = times.max().count();
    object["errors"] = step.result.stats.failures.total();
    object["met"] = step.met;
    object["broken"] = std::move(broken);
    object["limited_by"] = step.result.verdict().limited_by;
    steps.push_back(std::move(object));
  }
  const auto or_null = [](const std::optional<double>& rate) {
    return rate ? json::value(*rate) : json::value(nullptr);
  };
  json::object object = document_head("capacity", capacity.version, plan.command, capacity.started);
  object["target"] = plan.target.to_string();
  object["endpoint"] = capacity.endpoint;
  object["started"] = format_time(capacity.started);
  object["machine"] = machine_to_json(capacity.machine);
  object["options"] = json::object{{"connections", plan.connections},
                                   {"length", plan.message.lengths.to_string()},
                                   {"step_s", std::chrono::duration<double>(capacity.options.step).count()},
                                   {"precision", capacity.options.precision},
                                   {"most", or_null(capacity.options.most)}};
  if (plan.tls) object["options"].as_object()["tls"] = tls_to_json(*plan.tls);
  object["slo"] = std::move(slo);
  object["closed_loop_rate"] = capacity.closed_loop_rate;
  object["capacity"] = or_null(capacity.met);
  object["fails_at"] = or_null(capacity.failed);
  object["gave_way"] = capacity.gave_way;
  object["reason"] = capacity.reason;
  object["interrupted"] = capacity.interrupted;
  object["steps"] = std::move(steps);
  object["text"] = capacity_text(capacity);
  object["exit_status"] = capacity.exit_status();
  return object;
}

}  // namespace weir::load
