#include "server/observe/daemon_metrics.hpp"

#include <chrono>
#include <string>

#include "common/version.hpp"
#include "server/observe/metric_family.hpp"

namespace weir {

namespace {

using Families = std::vector<prometheus::MetricFamily>;

double unix_seconds(WallTime time) { return std::chrono::duration<double>(time.time_since_epoch()).count(); }

void counter(Families& families, const char* name, const char* help, double value) {
  add_series(families.emplace_back(counter_family(name, help)), {}, value);
}

void gauge(Families& families, const char* name, const char* help, double value) {
  add_series(families.emplace_back(gauge_family(name, help)), {}, value);
}

void add_process(Families& families, const ProcessSnapshot& process) {
  // The names that every client library gives them, so that dashboards for any process show this one too.
  counter(families, "process_cpu_seconds_total", "CPU time, user and system.", process.cpu_seconds);
  gauge(families, "process_open_fds", "Open descriptors.", static_cast<double>(process.descriptors));
  gauge(families, "process_max_fds", "How many descriptors may be open.",
        static_cast<double>(process.descriptor_limit));
  gauge(families, "process_resident_memory_bytes", "Resident memory.", static_cast<double>(process.resident_bytes));
  gauge(families, "process_start_time_seconds", "When the daemon started, in unix time.",
        unix_seconds(process.started));
}

void add_state(Families& families, const ServerSnapshot& snapshot) {
  const ProcessSnapshot& process = snapshot.process;
  prometheus::MetricFamily& build = families.emplace_back(gauge_family("weir_build_info", "The version that runs."));
  add_series(build, {metric_label("version", kVersion)}, 1);
  prometheus::MetricFamily& config =
      families.emplace_back(gauge_family("weir_config_info", "The configuration that is in effect."));
  add_series(config, {metric_label("hash", process.config_hash), metric_label("file", process.config_file)}, 1);
  gauge(families, "weir_config_loaded_timestamp_seconds", "When the configuration was loaded, in unix time.",
        unix_seconds(process.config_loaded));
  gauge(families, "weir_ready", "Whether the daemon accepts connections and no drain of it has begun.",
        snapshot.ready ? 1 : 0);
  gauge(families, "weir_draining", "Whether a drain has begun.", snapshot.draining ? 1 : 0);
  prometheus::MetricFamily& drained = families.emplace_back(
      counter_family("weir_drain_connections_total", "Connections that a drain found, by how they ended."));
  add_series(drained, {metric_label("outcome", "ended")}, static_cast<double>(snapshot.ended_in_drain));
  add_series(drained, {metric_label("outcome", "cut")}, static_cast<double>(snapshot.cut_in_drain));
  if (process.connection_limit > 0) {
    gauge(families, "weir_connections_limit",
          "How many connections the process takes; with both kinds under auto, if all further ones are proxied.",
          static_cast<double>(process.connection_limit));
  }
  counter(families, "weir_log_lines_lost_total", "Messages that the log could not take.",
          static_cast<double>(process.lost_log_lines));
  counter(families, "weir_records_lost_total", "Records of connections that the log could not take.",
          static_cast<double>(process.lost_records));
}

void add_workers(Families& families, const std::vector<WorkerSnapshot>& workers) {
  const auto each = [&](const char* name, const char* help, auto value_of) {
    prometheus::MetricFamily& family = families.emplace_back(gauge_family(name, help));
    for (std::size_t i = 0; i < workers.size(); ++i) {
      add_series(family, {metric_label("worker", std::to_string(i))}, static_cast<double>(value_of(workers[i])));
    }
  };
  using Worker = const WorkerSnapshot&;
  each("weir_worker_busy_ratio", "CPU time of the worker by wall time.", [](Worker w) { return w.busy_ratio; });
  each("weir_worker_connections_active", "Connections that the worker serves.", [](Worker w) { return w.connections; });
  each("weir_worker_loop_lag_seconds", "How long posted work last waited for its turn.",
       [](Worker w) { return w.loop_lag; });
  each("weir_worker_pipes_active", "Pipes that streams borrow for splice.", [](Worker w) { return w.pipes; });
}

}  // namespace

std::vector<prometheus::MetricFamily> daemon_metrics(const ServerSnapshot& snapshot) {
  Families families;
  add_process(families, snapshot.process);
  add_state(families, snapshot);
  add_workers(families, snapshot.workers);
  return families;
}

}  // namespace weir
