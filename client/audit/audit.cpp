#include "client/audit/audit.hpp"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "client/audit/proc_file.hpp"

namespace weir::load {

namespace {

const Throttling& worse(const Throttling& one, const Throttling& other) {
  return other.throttled > one.throttled ? other : one;
}

std::optional<double> greater(std::optional<double> one, std::optional<double> other) {
  return one && other ? std::max(*one, *other) : one ? one : other;
}

template <typename Combine>
NetworkCounters combined(const NetworkCounters& one, const NetworkCounters& other, Combine combine) {
  NetworkCounters both;
  for (std::size_t i = 0; i < kNetworkCounters; ++i) both.counts[i] = combine(one.counts[i], other.counts[i]);
  return both;
}

Throttling since(const Throttling& earlier, const Throttling& now) {
  return {now.periods - std::min(now.periods, earlier.periods),
          now.throttled - std::min(now.throttled, earlier.throttled), now.time - std::min(now.time, earlier.time)};
}

/// Whether both are the same host's, whatever the port. `other` comes from getifaddrs(3).
bool same_address(const sockaddr* one, const sockaddr* other) {
  if (other == nullptr || one->sa_family != other->sa_family) return false;
  if (one->sa_family == AF_INET) {
    sockaddr_in a{};
    sockaddr_in b{};
    std::memcpy(&a, one, sizeof a);
    std::memcpy(&b, other, sizeof b);
    return a.sin_addr.s_addr == b.sin_addr.s_addr;
  }
  if (one->sa_family != AF_INET6) return false;
  sockaddr_in6 a{};
  sockaddr_in6 b{};
  std::memcpy(&a, one, sizeof a);
  std::memcpy(&b, other, sizeof b);
  return std::memcmp(&a.sin6_addr, &b.sin6_addr, sizeof a.sin6_addr) == 0;
}

/// All of 127.0.0.0/8, of which the interface has but one.
bool is_loopback(const Endpoint& endpoint) {
  if (endpoint.family() != AF_INET) return false;
  sockaddr_in address{};
  std::memcpy(&address, endpoint.data(), sizeof address);
  return ntohl(address.sin_addr.s_addr) >> 24 == 127;
}

}  // namespace

void Audit::merge_same_machine(const Audit& other) {
  const auto most = [](std::uint64_t a, std::uint64_t b) { return std::max(a, b); };
  target_here = target_here || other.target_here;
  voluntary += other.voluntary;
  involuntary += other.involuntary;
  stolen = std::max(stolen, other.stolen);
  pressure = greater(pressure, other.pressure);
  throttling = worse(throttling, other.throttling);
  network = combined(network, other.network, most);
  network_before = combined(network_before, other.network_before, most);
}

void Audit::append(const Audit& later, double share) {
  const auto sum = [](std::uint64_t a, std::uint64_t b) { return a + b; };
  voluntary += later.voluntary;
  involuntary += later.involuntary;
  stolen += (later.stolen - stolen) * share;
  if (pressure && later.pressure) *pressure += (*later.pressure - *pressure) * share;
  throttling = {throttling.periods + later.throttling.periods, throttling.throttled + later.throttling.throttled,
                throttling.time + later.throttling.time};
  network = combined(network, later.network, sum);
  network_before = combined(network_before, later.network_before, sum);
}

void Audit::merge_other_machine(const Audit& other) {
  const NetworkCounters own = network;
  const NetworkCounters own_before = network_before;
  merge_same_machine(other);
  network = combined(own, other.network, std::plus<>());
  network_before = combined(own_before, other.network_before, std::plus<>());
}

AuditMoment AuditMoment::now() {
  AuditMoment moment;
  moment.time = io::Clock::now();
  moment.ticks = ProcessorTicks::parse(read_proc_file("/proc/stat"));
  moment.network = NetworkCounters::now();
  moment.pressure = parse_pressure(read_proc_file("/proc/pressure/cpu"));
  for (const std::string& file : quota_files(read_proc_file("/proc/self/cgroup"))) {
    moment.quotas.push_back(Throttling::parse(read_proc_file(file)));
  }
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  moment.voluntary = static_cast<std::uint64_t>(usage.ru_nvcsw);
  moment.involuntary = static_cast<std::uint64_t>(usage.ru_nivcsw);
  return moment;
}

Audit audit_between(const AuditMoment& start, const AuditMoment& from, const AuditMoment& until) {
  Audit audit;
  audit.voluntary = until.voluntary - from.voluntary;
  audit.involuntary = until.involuntary - from.involuntary;
  const std::uint64_t ticks = until.ticks.total - std::min(until.ticks.total, from.ticks.total);
  const std::uint64_t stolen = until.ticks.stolen - std::min(until.ticks.stolen, from.ticks.stolen);
  if (ticks > 0) audit.stolen = static_cast<double>(stolen) / static_cast<double>(ticks);
  const std::chrono::duration<double> length = until.time - from.time;
  if (from.pressure && until.pressure && length.count() > 0) {
    audit.pressure = std::clamp((*until.pressure - *from.pressure) / length, 0.0, 1.0);
  }
  // A process that is moved into another group meanwhile has nothing that could be compared.
  if (from.quotas.size() == until.quotas.size()) {
    for (std::size_t i = 0; i < from.quotas.size(); ++i) {
      audit.throttling = worse(audit.throttling, since(from.quotas[i], until.quotas[i]));
    }
  }
  audit.network = until.network.since(from.network);
  audit.network_before = from.network.since(start.network);
  return audit;
}

bool is_of_this_machine(const Endpoint& endpoint) {
  if (endpoint.is_unix() || is_loopback(endpoint)) return true;
  ifaddrs* first = nullptr;
  if (!endpoint.is_inet() || ::getifaddrs(&first) != 0) return false;
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> interfaces(first, &::freeifaddrs);
  for (const ifaddrs* interface = first; interface != nullptr; interface = interface->ifa_next) {
    if (same_address(endpoint.data(), interface->ifa_addr)) return true;
  }
  return false;
}

}  // namespace weir::load
