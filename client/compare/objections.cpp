#include "client/compare/objections.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "client/report/audit_findings.hpp"
#include "client/report/json_keys.hpp"
#include "client/report/numbers.hpp"
#include "common/counted.hpp"
#include "common/units.hpp"

namespace weir::load {

namespace {

/// What makes the load of a run what it is: a name and a value for people.
using Shape = std::vector<std::pair<std::string, std::string>>;

std::string yes_or_no(bool yes) { return yes ? "yes" : "no"; }

Shape shape_of(const LoadResult& result) {
  const LoadOptions& options = result.options;
  const std::string text =
      options.message.text.empty() ? options.message.lengths.to_string() + " bytes" : std::string("a text");
  return {{"workload", std::string(word_of(kWorkloadWords, options.workload))},
          {"connections", grouped(options.connections)},
          {"rate", options.rate ? display_rate(*options.rate) + " a second" : "none (closed loop)"},
          {"arrivals", std::string(word_of(kArrivalWords, options.arrivals))},
          {"message", text},
          {"text of the message", options.message.text},
          {"upper-cased", yes_or_no(options.message.upper)},
          {"pipeline", options.pipeline ? grouped(*options.pipeline) : "not given"},
          {"think time", format_duration(options.think)},
          {"reconnect-every", grouped(options.reconnect_every)},
          {"newcomers", display_rate(options.newcomers)},
          {"exchange", yes_or_no(options.exchange)},
          {"close", std::string(word_of(kCloseWords, options.close_by))},
          {"PROXY header", std::string(word_of(kProxyWords, options.proxy_protocol))},
          {"processes", grouped(options.processes)},
          {"generators", grouped(result.generators)}};
}

std::string machine_of(const LoadResult& result) {
  return fmt::format("{} x {}, {}", result.machine.cpus, result.machine.cpu.empty() ? "CPU" : result.machine.cpu,
                     result.machine.kernel);
}

void check_limits(std::span<const LoadResult> results, const char* side, std::vector<std::string>& objections) {
  for (std::size_t i = 0; i < results.size(); ++i) {
    const Verdict verdict = results[i].verdict();
    const std::string which = results.size() == 1 ? std::string(side) : fmt::format("Run {} of {}", i + 1, side);
    if (verdict.limited_by == "generator") {
      objections.push_back(fmt::format("{} was limited by its generator: {}", which, verdict.reason));
    } else if (const AuditFindings audit = audit_findings(results[i]); !audit.machine.empty()) {
      objections.push_back(fmt::format("{} had too little of its machine: {}", which, audit.machine.front()));
    } else if (verdict.limited_by == "nothing") {
      objections.push_back(fmt::format("{} says nothing: {}", which, verdict.reason));
    }
  }
}

}  // namespace

std::vector<std::string> objections_to(std::span<const LoadResult> a, std::span<const LoadResult> b) {
  std::vector<std::string> objections;
  const LoadResult& first = a.front();
  const Shape shape = shape_of(first);
  std::vector<const LoadResult*> others;
  for (const LoadResult& result : a.subspan(1)) others.push_back(&result);
  for (const LoadResult& result : b) others.push_back(&result);
  const auto object = [&objections](const std::string& text) {
    if (std::find(objections.begin(), objections.end(), text) == objections.end()) objections.push_back(text);
  };
  for (const LoadResult* other : others) {
    const Shape its = shape_of(*other);
    for (std::size_t i = 0; i < shape.size(); ++i) {
      if (shape[i].second == its[i].second) continue;
      if (shape[i].first == "text of the message") {
        object("The text of the messages differs");
      } else {
        object(fmt::format("The load differs in {}: {} and {}", shape[i].first, shape[i].second, its[i].second));
      }
    }
    // In containers each run has a host name of its own.
    if (machine_of(first) != machine_of(*other)) {
      object(fmt::format("The machine differs: {} and {}", machine_of(first), machine_of(*other)));
    }
  }
  check_limits(a, "A", objections);
  check_limits(b, "B", objections);
  return objections;
}

}  // namespace weir::load
