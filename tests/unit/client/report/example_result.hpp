#pragma once

#include <chrono>
#include <string>

#include "client/report/load_result.hpp"

namespace weir::load {

/// A run of the echo workload with one refused connection, limited by the server.
inline LoadResult example() {
  using std::chrono::microseconds;
  LoadResult result;
  result.options.target = parse_address("localhost:7000", AddressUse::target);
  result.options.connections = 4;
  result.options.duration = std::chrono::seconds(10);
  result.version = "1.2.3";
  result.endpoint = "127.0.0.1:7000";
  result.machine = {"box", "Linux 6.1", "Fast CPU", 2};
  result.threads = 2;
  result.processors = 2;
  result.reached = 3;
  result.window_seconds = 10;
  result.cpu_seconds = 4;
  WorkerStats& stats = result.stats;
  for (int i = 1; i <= 1000; ++i) stats[Time::response].record(microseconds(i));
  stats[Time::connect].record(std::chrono::milliseconds(2));
  stats[Count::replies] = stats[Count::sent] = stats[Count::answered] = stats[Count::done] = 1000;
  stats[Count::bytes] = 64'000;
  stats.failures.add(Failure::refused);
  for (const int each : {1, 2}) {
    ConnectionTimes times;
    for (int i = 0; i < 500; ++i) times.record(microseconds(each));
    const ConnectionTally tally{500, static_cast<std::uint64_t>(each) * 500'000, &times};
    result.fairness.add(tally);
    result.spread.add(tally);
  }
  result.spread.add_starved(1);
  result.intervals.push_back({1, 1, 100, 1, microseconds(500), microseconds(990), stats[Time::response].buckets()});
  return result;
}

/// The same of an open loop: whatever was due was sent, 10 µs late, and answered.
inline LoadResult open_loop_example() {
  LoadResult result = example();
  result.options.rate = 100;
  result.stats[Time::service].merge(result.stats[Time::response]);
  for (int i = 1; i <= 1000; ++i) result.stats[Time::lag].record(std::chrono::microseconds(10));
  return result;
}

/// The same of the connect workload.
inline LoadResult connect_example() {
  LoadResult result = example();
  result.options.workload = Workload::connect;
  result.spread = {};
  result.stats[Time::cycle].merge(result.stats[Time::response]);
  result.stats[Count::cycles] = 500;
  return result;
}

/// A result in which no field is as it was made, and none is like another.
inline LoadResult full_result(Workload workload) {
  using namespace std::chrono_literals;
  using namespace std::string_literals;
  LoadResult result;
  LoadOptions& options = result.options;
  options.workload = workload;
  options.target = parse_address("example.org:7001", AddressUse::target);
  options.connections = 11;
  options.duration = 12s + 5ms;
  options.requests = 13;
  options.warmup = 14ms;
  options.rate = 15.25;
  options.arrivals = ArrivalKind::poisson;
  options.pipeline = 16;
  options.think = 17ms;
  options.reconnect_every = 18;
  options.newcomers = 19.5;
  options.drain = 20ms;
  options.timeout = 21ms;
  options.connect_rate = 22;
  options.processes = 3;
  options.proxy_protocol = ProxyVersion::v2;
  options.proxy_sources = SourceAddresses::parse("10.0.0.0/16");
  options.tls = TlsOptions{"ca \xff.pem", false, "db.example", {"h2", "weir \"1\""}, true, "cert.pem", ""};
  options.message.lengths = LengthSpec::parse("64:90,16k:10");
  options.message.seed = 23;
  options.message.upper = true;
  options.message.text = "{n}\\ \"quoted\"\n\0\x7f\xff\xc3\xa4"s;
  options.source = SourceAddresses::parse("127.0.0.0/24");
  options.exchange = false;
  options.close_by = CloseBy::rst;
  options.max_errors = 24;
  options.slo = parse_slo("p99.5=33ms,errors=34%");
  options.command = {"weir-load", "echo", "--message", "\xff {n}\n"};
  result.version = "9.8.7";
  result.endpoint = "192.0.2.1:7001";
  result.started = std::chrono::system_clock::time_point(1'700'000'000'123ms);
  result.began = std::chrono::system_clock::time_point(1'700'000'003'456ms);
  result.machine = {"host", "Linux 1.2", "CPU of some kind", 25};
  result.threads = 26;
  result.reached = 9;
  result.ended_by = EndedBy::interrupt;
  result.window_seconds = 27.125;
  result.cpu_seconds = 28.5;
  result.processors = 29;
  result.machine_busy = 0.375;
  result.retransmits = 31;
  result.generators = 32;
  for (std::size_t i = 0; i < kTimes; ++i) {
    for (std::size_t n = 0; n <= 200 + i; ++n) {
      result.stats.times[i].record(std::chrono::microseconds((n + 3) * (i + 1)));
    }
    result.stats.times[i].record(std::chrono::hours(1 + i));
  }
  for (std::size_t i = 0; i < kCounts; ++i) result.stats.counts[i] = 100 + i;
  for (std::size_t kind = 1; kind < kFailureKinds; ++kind)
    result.stats.failures.add(static_cast<Failure>(kind), 50 + kind);
  result.stats.agreed = "TLSv1.3, TLS_AES_128_GCM_SHA256, ALPN h2";
  result.stats.examples = {"first example", "second example"};
  result.stats.wrong.push_back({Failure::out_of_order, 1, 2, 3, "a sentence", "expected\0\xff"s, "received\n\x80", 4});
  result.stats.wrong.push_back({Failure::cut_short, 5, 6, 7, "another", "", "", 8});
  result.fairness.add({3, 4'000});
  result.fairness.add({5, 60'000});
  ConnectionTimes times;
  for (int i = 1; i < 70; ++i) times.record(std::chrono::microseconds(i * i));
  Audit& audit = result.audit.emplace();
  audit.target_here = true;
  audit.voluntary = 77;
  audit.involuntary = 78;
  audit.stolen = 0.8125;
  audit.pressure = 0.6875;
  audit.throttling = {79, 80, 81ms};
  for (std::size_t i = 0; i < kNetworkCounters; ++i) {
    audit.network.counts[i] = 200 + i;
    audit.network_before.counts[i] = 300 + i;
  }
  // One event, two keys.
  audit.network[NetworkCounter::segments_sent_again] = result.retransmits;
  result.spread.every = 33;
  result.spread.add({71, 720'000, &times});
  result.spread.add({73, 740'000'000, nullptr});
  times.record(3s);
  result.spread.add({75, 760'000'000'000, &times});
  result.spread.add_starved(2);
  result.intervals.push_back({1.5, 1.25, 41, 42, 43ns, 44ns, {{43ns, 40}, {2048ns, 1}}});
  result.intervals.push_back({2.5, 1.125, 45, 46, 47ns, 48ns, {{47ns, 49}}});
  return result;
}

}  // namespace weir::load
