// What the short mutexes at a connection's begin and end cost: the gate of its listener with every limit set, and its
// place on a server. Threads do nothing between, so that they contend for them as no workers do.
//
//     weir-bench-begin-and-end [--connections N]        for each thread and round

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <thread>
#include <vector>

#include "bench/probes/rounds.hpp"
#include "bench/yardstick/arguments.hpp"
#include "server/admission/gate.hpp"
#include "server/prepare_upstream.hpp"
#include "server/upstream/upstream.hpp"

namespace weir::bench {
namespace {

using Time = io::Clock::time_point;

constexpr std::size_t kSources = 4096;  // of each thread
constexpr std::uint32_t kNeverReached = 1'000'000;
constexpr Rate kNeverReachedRate{1'000'000'000, std::chrono::milliseconds(1000)};

/// Wall-clock nanoseconds that each of so many threads spends on a connection. `begin_and_end` is told the number of
/// the connection's source and the time, and returns false when the connection was refused.
template <typename Begin>
double nanoseconds_each(std::size_t threads, std::size_t connections, const Begin& begin_and_end) {
  const auto started = std::chrono::steady_clock::now();
  std::vector<std::thread> running;
  for (std::size_t thread = 0; thread < threads; ++thread) {
    running.emplace_back([&, thread] {
      Time now = io::Clock::now();
      for (std::size_t i = 0; i < connections; ++i) {
        now += std::chrono::microseconds(1);
        if (!begin_and_end(thread * kSources + i % kSources, now)) std::abort();
      }
    });
  }
  for (std::thread& thread : running) thread.join();
  return nanoseconds_since(started) / static_cast<double>(connections);
}

template <typename Begin>
void tell(const char* what, std::size_t connections, const Begin& begin_and_end) {
  for (const std::size_t threads : {1u, 2u}) {
    const Rounds rounds = five_rounds([&] { return nanoseconds_each(threads, connections, begin_and_end); });
    std::printf("%-40s %zu thread%s %5.0f ns a connection (median %.0f)\n", what, threads,
                threads == 1 ? ": " : "s:", rounds.least, rounds.median);
  }
}

ClientAddress source_of(std::size_t number) {
  return ClientAddress(
      resolve(parse_address("10." + std::to_string(number >> 16 & 0xff) + "." + std::to_string(number >> 8 & 0xff) +
                                "." + std::to_string(number & 0xff) + ":1000",
                            AddressUse::target),
              AddressUse::target)
          .front());
}

void measure_gate(std::size_t connections, bool with_limits) {
  ListenerConfig config;
  LimitsConfig process;
  if (with_limits) {
    config.limits.connections = config.limits.per_source = kNeverReached;
    config.limits.rate = config.limits.rate_per_source = kNeverReachedRate;
    process.per_source = kNeverReached;
    process.rate = process.rate_per_source = kNeverReachedRate;
  }
  Admission admission({kNeverReached}, process.rate);
  SourceTable sources(process.per_source, process.rate_per_source);
  Gate gate(admission, sources, config);
  std::vector<ClientAddress> clients;
  for (std::size_t i = 0; i < 2 * kSources; ++i) clients.push_back(source_of(i));
  tell(with_limits ? "gate, all limits of listener and source" : "gate, no limits but the process's", connections,
       [&](std::size_t source, Time now) {
         if (gate.enter(clients[source], now).refused) return false;
         gate.leave(clients[source], false);
         return true;
       });
}

void measure_upstream(std::size_t connections, std::size_t servers, const char* policy,
                      UpstreamConfig::Balance balance) {
  UpstreamConfig config;
  config.name = "back";
  config.balance = balance;
  for (std::size_t i = 0; i < servers; ++i) {
    config.servers.push_back({.address = parse_address("127.0.0.1:" + std::to_string(1000 + i), AddressUse::target)});
  }
  Upstream upstream(prepare_upstream(std::make_shared<const UpstreamConfig>(config)));
  const std::string what = std::string(policy) + ", " + std::to_string(servers) + " backends";
  tell(what.c_str(), connections, [&](std::size_t source, Time now) {
    const Upstream::Pick pick = upstream.take(source, {}, now);
    if (!pick.lease) return false;
    upstream.connected(*pick.lease, now);
    return true;
  });
}

void measure(std::size_t connections) {
  measure_gate(connections, false);
  measure_gate(connections, true);
  for (const std::size_t servers : {1u, 10u, 100u, 1000u}) {
    measure_upstream(connections, servers, "round robin", UpstreamConfig::Balance::round_robin);
    measure_upstream(connections, servers, "least connections", UpstreamConfig::Balance::least_connections);
    measure_upstream(connections, servers, "random two", UpstreamConfig::Balance::random_two);
    measure_upstream(connections, servers, "source hash", UpstreamConfig::Balance::source_hash);
  }
}

}  // namespace
}  // namespace weir::bench

int main(int argc, char** argv) {
  try {
    weir::bench::measure(static_cast<std::size_t>(weir::bench::number_option(argc, argv, "--connections", 200'000)));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "weir-bench-begin-and-end: %s\n", error.what());
    return 2;
  }
}
