#include "client/metrics/live_metrics.hpp"

#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "client/report/json_keys.hpp"
#include "common/metrics/metric_family.hpp"
#include "common/version.hpp"

namespace weir::load {

namespace {

constexpr std::array<std::pair<LoadPhase, std::string_view>, 4> kPhaseWords{{
    {LoadPhase::connecting, "connecting"},
    {LoadPhase::warmup, "warmup"},
    {LoadPhase::measuring, "measuring"},
    {LoadPhase::ended, "ended"},
}};

/// The times that a run of these options has.
std::vector<std::pair<Time, const char*>> times_of(const LoadOptions& options) {
  std::vector<std::pair<Time, const char*>> times;
  const bool echo = options.workload == Workload::echo;
  if (echo || options.exchange) {
    times.emplace_back(Time::response,
                       "From when a request was due, or was sent if nothing says when, to the end of its reply.");
  }
  if (echo && options.is_open_loop()) {
    times.emplace_back(Time::service, "From when a request was sent to the end of its reply.");
  }
  if (options.is_open_loop()) {
    times.emplace_back(Time::lag, "How much later than due a request was sent through the generator's own fault.");
  }
  times.emplace_back(Time::connect, "From connect(2) until the connection stood.");
  if (options.tls) times.emplace_back(Time::handshake, "Of full TLS handshakes, once the connection stood.");
  if (options.tls && options.tls->resume) {
    times.emplace_back(Time::resumed, "Of TLS handshakes that resumed a session.");
  }
  if (!echo && options.exchange) {
    times.emplace_back(Time::first_byte, "From when a request was sent to the first byte of its reply.");
  }
  if (!echo && options.close_by == CloseBy::fin) times.emplace_back(Time::close, "From our FIN to the peer's.");
  if (!echo) times.emplace_back(Time::cycle, "From when a connection was due, or was begun, until it was closed.");
  if (options.newcomers > 0)
    times.emplace_back(Time::newcomer, "From when a newcomer was due to its whole first reply.");
  return times;
}

/// A family with the one series that has no labels.
prometheus::MetricFamily with_value(prometheus::MetricFamily family, std::uint64_t value) {
  add_series(family, {}, static_cast<double>(value));
  return family;
}

prometheus::MetricFamily info(const LoadOptions& options) {
  prometheus::MetricFamily family = gauge_family("weir_load_info", "What makes the load, and on what. Always 1.");
  add_series(family,
             {metric_label("version", kVersion), metric_label("target", options.target.to_string()),
              metric_label("workload", word_of(kWorkloadWords, options.workload))},
             1);
  return family;
}

prometheus::MetricFamily phases(LoadPhase current) {
  prometheus::MetricFamily family =
      gauge_family("weir_load_phase", "1 for what the run is at: connecting, warmup, measuring or ended.");
  for (const auto& [phase, word] : kPhaseWords) {
    add_series(family, {metric_label("phase", word)}, phase == current ? 1 : 0);
  }
  return family;
}

prometheus::MetricFamily errors(const FailureCounts& failures) {
  prometheus::MetricFamily family =
      counter_family("weir_load_errors_total", "Failures of connections and requests by their kind.");
  for (std::size_t kind = 1; kind < kFailureKinds; ++kind) {
    const auto failure = static_cast<Failure>(kind);
    add_series(family, {metric_label("kind", failure_key(failure))}, static_cast<double>(failures[failure]));
  }
  return family;
}

}  // namespace

std::string metrics_text(const LoadOptions& options, LoadPhase phase, const LiveFigures& figures) {
  std::vector<prometheus::MetricFamily> families{info(options), phases(phase)};
  const auto gauge = [&families](const char* name, const char* help, std::uint64_t value) {
    families.push_back(with_value(gauge_family(name, help), value));
  };
  const auto counter = [&families](const char* name, const char* help, std::uint64_t value) {
    families.push_back(with_value(counter_family(name, help), value));
  };
  gauge("weir_load_connections_asked", "Connections that were asked for.", options.connections);
  gauge("weir_load_connections_reached", "Connections that stood when the load began.", figures.reached);
  gauge("weir_load_connections_open", "Connections that are open now.", figures.open);
  counter("weir_load_connections_reopened_total", "Connections opened anew after a failure.", figures[Count::reopened]);
  counter("weir_load_connections_renewed_total", "Connections opened anew because the plan says so.",
          figures[Count::renewed]);
  if (options.newcomers > 0) {
    counter("weir_load_newcomers_total", "Newcomers that got their reply.", figures[Count::newcomers]);
  }
  if (options.rate) {
    prometheus::MetricFamily rate = gauge_family("weir_load_planned_requests_per_second", "The rate of the plan.");
    add_series(rate, {}, *options.rate);
    families.push_back(std::move(rate));
  }
  counter("weir_load_requests_total", "Complete and correct replies, or cycles, of the whole run.",
          figures[Count::done]);
  families.push_back(errors(figures.failures));
  for (const auto& [time, help] : times_of(options)) {
    prometheus::MetricFamily family = histogram_family("weir_load_" + std::string(time_key(time)) + "_seconds", help);
    add_series(family, {}, kTimeBounds, figures[time].counts, figures[time].sum);
    families.push_back(std::move(family));
  }
  return to_prometheus_text(families);
}

void LiveMetrics::enter(LoadPhase phase) {
  const std::lock_guard lock(mutex_);
  phase_ = phase;
}

void LiveMetrics::connected(std::uint32_t reached) {
  const std::lock_guard lock(mutex_);
  figures_.reached = figures_.open = reached;
}

void LiveMetrics::add(const WorkerStats& news, std::uint32_t open) {
  const std::lock_guard lock(mutex_);
  figures_.add(news);
  figures_.open = open;
}

void LiveMetrics::set(const LiveFigures& figures) {
  const std::lock_guard lock(mutex_);
  figures_ = figures;
}

std::string LiveMetrics::text() const {
  std::unique_lock lock(mutex_);
  const LoadPhase phase = phase_;
  const LiveFigures figures = figures_;
  lock.unlock();
  return metrics_text(options_, phase, figures);
}

}  // namespace weir::load
