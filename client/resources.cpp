#include "client/resources.hpp"

#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <stdexcept>

#include "client/audit/proc_file.hpp"
#include "client/audit/processor_counters.hpp"
#include "common/io/descriptor.hpp"

namespace weir::load {

namespace {

/// What a thread needs besides its connections (epoll, eventfd, timerfd), and what the process does.
constexpr std::uint64_t kDescriptorsOfThread = 3;
constexpr std::uint64_t kDescriptorsOfProcess = 16;
/// What those who ask for metrics take.
constexpr std::uint64_t kDescriptorsOfMetrics = 24;

struct PortRange {
  std::uint32_t first = 1;
  std::uint32_t last = 65'535;

  std::uint64_t size() const { return last - first + 1; }
};

PortRange local_ports() {
  std::ifstream file("/proc/sys/net/ipv4/ip_local_port_range");
  PortRange range;
  return file >> range.first >> range.last && range.last >= range.first ? range : PortRange();
}

/// Throws where an address to connect from is none of this machine's. Of a large network only the first ones are tried.
void check_sources(const SourceAddresses& source, const Endpoint& endpoint) {
  constexpr std::uint64_t kTried = 4096;
  for (std::uint64_t i = 0; i < std::min(source.size(), kTried); ++i) {
    const io::Descriptor socket(::socket(endpoint.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket || source.bind(socket.get(), i) != EADDRNOTAVAIL) continue;
    std::string address = source.at(i).to_string();
    address.erase(address.rfind(':'));
    throw std::runtime_error("--source: " + address + " is not an address of this machine (see: ip address)");
  }
}

}  // namespace

std::uint64_t raise_descriptor_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

void check_descriptors(const LoadOptions& options, unsigned threads) {
  const std::uint64_t descriptors = raise_descriptor_limit();
  const std::uint64_t needed = options.connections + kDescriptorsOfThread * threads + kDescriptorsOfProcess +
                               (options.prometheus ? kDescriptorsOfMetrics : 0);
  if (needed > descriptors) {
    const std::uint64_t own = needed - options.connections;
    throw std::runtime_error(
        std::to_string(options.connections) + " connections need " + std::to_string(needed) +
        " descriptors, and this process may have " + std::to_string(descriptors) +
        "; raise the hard limit (`ulimit -Hn`, LimitNOFILE=), share them out with --processes, or ask for at "
        "most " +
        std::to_string(descriptors > own ? descriptors - own : 0) + " connections");
  }
}

void check_ports(const LoadOptions& options, const Endpoint& endpoint) {
  if (!endpoint.is_inet()) return;
  if (!options.source.empty() && options.source.family() != endpoint.family()) {
    throw std::runtime_error("the addresses of --source and the target " + endpoint.to_string() +
                             " are not of the same family");
  }
  check_sources(options.source, endpoint);
  const std::uint64_t addresses = options.source.empty() ? 1 : options.source.size();
  const std::uint64_t ports = local_ports().size() * addresses;
  if (options.connections > ports) {
    throw std::runtime_error(std::to_string(options.connections) + " connections need as many local ports, and " +
                             std::to_string(addresses) + " source address" + (addresses == 1 ? " has " : "es have ") +
                             std::to_string(ports) +
                             "; spread them with --source (on loopback: --source 127.0.0.0/24) or widen "
                             "net.ipv4.ip_local_port_range");
  }
}

std::uint32_t port_range_for(Workload workload, std::uint32_t connections, const Endpoint& endpoint) {
  const PortRange range = local_ports();
  const bool few = workload == Workload::echo && connections < range.size() / 4;
  return few || !endpoint.is_inet() || range.last > 65'535 ? 0 : (range.last << 16) | range.first;
}

unsigned usable_cpus() {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<unsigned>(std::max(CPU_COUNT(&set), 1));
}

Machine this_machine() {
  utsname names{};
  ::uname(&names);
  Machine machine{names.nodename, std::string(names.sysname) + " " + names.release, "", usable_cpus()};
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("model name")) continue;
    machine.cpu = line.substr(std::min(line.find(": ") + 2, line.size()));
    break;
  }
  return machine;
}

MachineUse MachineUse::now() {
  MachineUse times;
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  times.process_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  const ProcessorTicks ticks = ProcessorTicks::parse(read_proc_file("/proc/stat"));
  times.machine_busy = ticks.busy;
  times.machine_total = ticks.total;
  return times;
}

}  // namespace weir::load
