#include "server/admin/json_status.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <map>
#include <string>

#include "common/logging.hpp"
#include "common/version.hpp"
#include "server/admin/json_parts.hpp"

namespace weir::admin {
namespace {

namespace json = boost::json;

json::object distribution_json(const Distribution& distribution) {
  const std::uint64_t count = distribution.count();
  const auto percentile = [&](double q) {
    const double bound = distribution.quantile(q);
    return count == 0 || std::isinf(bound) ? json::value() : json::value(bound);
  };
  return {{"count", count},
          {"p50_seconds", percentile(0.5)},
          {"p90_seconds", percentile(0.9)},
          {"p99_seconds", percentile(0.99)}};
}

json::object process_json(const ProcessSnapshot& process) {
  return {{"pid", process.pid},
          {"started", format_time(process.started)},
          {"config",
           {{"file", text_or_null(process.config_file)},
            {"hash", process.config_hash},
            {"loaded", format_time(process.config_loaded)}}},
          {"cpu_seconds", process.cpu_seconds},
          {"resident_bytes", process.resident_bytes},
          {"descriptors", {{"used", process.descriptors}, {"limit", process.descriptor_limit}}},
          {"lost", {{"log_lines", process.lost_log_lines}, {"records", process.lost_records}}}};
}

/// Null where the configuration allows no faults.
json::value faults_json(const std::optional<ListenerFaultsSnapshot>& faults) {
  if (!faults) return {};
  return {{"active", faults->active},
          {"left_seconds", faults->left ? json::value(seconds_of(*faults->left)) : json::value()},
          {"met", counts_json(faults->met)}};
}

json::object listener_json(const ListenerSnapshot& listener) {
  return {{"name", listener.name},
          {"service", listener.service},
          {"upstream", text_or_null(listener.upstream)},
          {"bound", json::array(listener.bound.begin(), listener.bound.end())},
          {"drained", listener.drained},
          {"accepted", listener.accepted},
          {"active", listener.active},
          {"ended", ends_json(listener.ended)},
          {"bytes_in", listener.bytes_in},
          {"bytes_out", listener.bytes_out},
          {"duration", distribution_json(listener.durations)},
          {"accept_errors", counts_json(listener.accept_errors)},
          {"refusals", counts_json(listener.refusals)},
          {"faults", faults_json(listener.faults)}};
}

json::object backend_json(const BackendSnapshot& backend) {
  return {{"name", backend.name},
          {"entry", backend.entry},
          {"state", to_string(backend.state)},
          {"since", format_time(backend.since)},
          {"why", backend.why},
          {"healthy", backend.healthy},
          {"backup", backend.backup},
          {"weight", backend.weight},
          {"share", backend.share},
          {"active", backend.active},
          {"max_connections", backend.max_connections},
          {"connects", backend.connects},
          {"connect_failures", counts_json(backend.connect_failures)},
          {"bytes_to", backend.bytes_to},
          {"bytes_from", backend.bytes_from},
          {"checks", {{"passed", backend.checks_passed}, {"failed", backend.checks_failed}}},
          {"ejections", backend.ejections},
          {"connect", distribution_json(backend.connect_times)}};
}

json::object upstream_json(const UpstreamSnapshot& upstream) {
  json::array backends;
  for (const BackendSnapshot& backend : upstream.backends) backends.push_back(backend_json(backend));
  return {{"name", upstream.name},
          {"balance", upstream.balance},
          {"waiting", upstream.waiting},
          {"queue_size", upstream.queue_size},
          {"queue_wait", distribution_json(upstream.queue_waits)},
          {"backends", std::move(backends)}};
}

json::array workers_json(const std::vector<WorkerSnapshot>& workers) {
  json::array array;
  for (std::size_t at = 0; at < workers.size(); ++at) {
    array.push_back({{"worker", at},
                     {"busy_ratio", workers[at].busy_ratio},
                     {"connections", workers[at].connections},
                     {"loop_lag_seconds", workers[at].loop_lag},
                     {"pipes", workers[at].pipes}});
  }
  return array;
}

}  // namespace

json::value status_json(const ServerSnapshot& snapshot) {
  const std::uint64_t limit = snapshot.process.connection_limit;
  json::array listeners;
  for (const ListenerSnapshot& listener : snapshot.listeners) listeners.push_back(listener_json(listener));
  json::array upstreams;
  for (const UpstreamSnapshot& upstream : snapshot.upstreams) upstreams.push_back(upstream_json(upstream));
  return {{"time", format_time(snapshot.time)},
          {"version", kVersion},
          {"ready", snapshot.ready},
          {"draining", snapshot.draining},
          {"uptime_seconds", std::chrono::duration<double>(snapshot.time - snapshot.process.started).count()},
          {"connections", {{"active", snapshot.active}, {"limit", limit == 0 ? json::value() : json::value(limit)}}},
          {"process", process_json(snapshot.process)},
          {"workers", workers_json(snapshot.workers)},
          {"listeners", std::move(listeners)},
          {"upstreams", std::move(upstreams)}};
}

}  // namespace weir::admin
