#pragma once

#include "server/observe/snapshot.hpp"

namespace weir::test {

inline Distribution distribution_of(std::span<const double> bounds, std::vector<std::uint64_t> counts, double sum) {
  counts.resize(bounds.size() + 1);
  return {.bounds = bounds, .counts = std::move(counts), .sum = sum};
}

/// A daemon of which everything has a value.
inline ServerSnapshot full_snapshot() {
  using std::chrono::seconds;
  const WallTime start{seconds{1'700'000'000}};
  ServerSnapshot snapshot;
  snapshot.time = start + seconds{60};
  snapshot.ready = true;
  snapshot.active = 3;
  snapshot.ended_in_drain = 1;
  snapshot.cut_in_drain = 2;
  snapshot.process = {.pid = 4711,
                      .started = start,
                      .config_loaded = start + seconds{1},
                      .config_file = "/etc/weir/weir.yaml",
                      .config_hash = "8c1f0a2b9d3e4f56",
                      .cpu_seconds = 12.5,
                      .descriptors = 40,
                      .descriptor_limit = 20000,
                      .connection_limit = 9981,
                      .resident_bytes = 12345678,
                      .lost_log_lines = 7,
                      .lost_records = 8};
  snapshot.workers = {{.busy_ratio = 0.12, .connections = 2, .loop_lag = 0.00004, .pipes = 1}, {}};

  ListenerSnapshot listener;
  listener.name = "db";
  listener.service = "proxy";
  listener.upstream = "postgres";
  listener.bound = {"127.0.0.1:5433"};
  listener.accepted = 100;
  listener.active = 3;
  listener.ended[static_cast<std::size_t>(SessionEnd::client_closed)] = 80;
  listener.ended[static_cast<std::size_t>(SessionEnd::server_reset)] = 8;
  listener.bytes_in = 12345678901;
  listener.bytes_out = 2000;
  listener.durations = distribution_of(kDurationBounds, {0, 1, 2, 0, 4}, 3.5);
  listener.accept_errors = {{"EMFILE", 5}, {"EPERM", 1}};
  listener.refusals = {{"rules", 3}};
  ListenerTlsSnapshot& tls = listener.tls.emplace();
  tls.done = {{{10, 2}, {70, 8}}};
  tls.failed[static_cast<std::size_t>(HandshakeResult::not_tls)] = 9;
  tls.handshake_times = distribution_of(kWaitBounds, {0, 0, 0, 90}, 0.09);
  tls.in_progress = 4;
  tls.waiting = 5;
  tls.key_updates = 6;
  tls.truncated = 7;
  listener.faults = {.active = 2, .met = {{"latency", 17}, {"reset", 0}}};
  snapshot.listeners = {listener};

  BackendSnapshot backend;
  backend.name = "10.0.0.5:5432";
  backend.entry = "db.internal:5432";
  backend.since = start + seconds{2};
  backend.share = 0.5;
  backend.weight = 3;
  backend.active = 6;
  backend.max_connections = 10;
  backend.connects = 50;
  backend.connect_failures = {{"EHOSTUNREACH", 2}};
  backend.bytes_to = 500;
  backend.bytes_from = 1000;
  backend.checks_passed = 1800;
  backend.checks_failed = 4;
  backend.ejections = 1;
  backend.connect_times = distribution_of(kWaitBounds, {10, 20, 20}, 0.015);
  backend.tls = {.handshakes = {40, 3, 2, 1, 0}, .truncated = 11};
  UpstreamSnapshot upstream;
  upstream.name = "postgres";
  upstream.balance = "round_robin";
  upstream.waiting = 2;
  upstream.queue_size = 1024;
  upstream.queue_waits = distribution_of(kWaitBounds, {1}, 0.00005);
  upstream.backends = {backend};
  snapshot.upstreams = {upstream};
  snapshot.tls = {.certificates = {{"db.example", "/etc/weir/tls/tls.crt", start + seconds{86400}}},
                  .reloads = 12,
                  .failed_reloads = 13,
                  .tickets_accepted = 14,
                  .tickets_unknown = 15};
  return snapshot;
}

}  // namespace weir::test
