#include "server/machine_limits.hpp"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

namespace weir {
namespace {

namespace fs = std::filesystem;

std::uint64_t read_number(const fs::path& file, std::uint64_t otherwise) {
  std::ifstream in(file);
  std::uint64_t number = 0;
  return in >> number ? number : otherwise;
}

/// The directories of this process's control group and of all above it, whose limits apply too (cgroups(7), version 2).
std::vector<fs::path> control_groups(const fs::path& root) {
  std::ifstream in(root / "proc/self/cgroup");
  std::string line;
  while (std::getline(in, line)) {
    if (!line.starts_with("0::/")) continue;
    std::vector<fs::path> groups;
    fs::path group = line.substr(4);
    // Seen from outside its namespace, a process may be in a group that this mount doesn't show.
    if (line.find("/..") != std::string::npos) group.clear();
    for (; !group.empty(); group = group.parent_path()) groups.push_back(root / "sys/fs/cgroup" / group);
    groups.push_back(root / "sys/fs/cgroup");
    return groups;
  }
  return {};
}

std::uint32_t affinity_cpus() {
  // A cpu_set_t has 1024 bits; a machine with more makes the call fail, and larger sets are tried.
  for (std::size_t cpus = 1024; cpus <= (1u << 20); cpus *= 2) {
    cpu_set_t* set = CPU_ALLOC(cpus);
    if (set == nullptr) break;
    const std::size_t size = CPU_ALLOC_SIZE(cpus);
    const bool known = ::sched_getaffinity(0, size, set) == 0;
    const int count = known ? CPU_COUNT_S(size, set) : 0;
    CPU_FREE(set);
    if (known) return static_cast<std::uint32_t>(std::max(count, 1));
  }
  return 1;
}

/// `max 100000` or `150000 100000`: microseconds of CPU time, and of the period.
std::uint32_t quota_cpus(const fs::path& group) {
  std::ifstream in(group / "cpu.max");
  double quota = 0;
  double period = 0;
  if (!(in >> quota >> period) || quota <= 0 || period <= 0) return std::numeric_limits<std::uint32_t>::max();
  return static_cast<std::uint32_t>(std::clamp(std::ceil(quota / period), 1.0, 1e6));
}

std::uint64_t machine_memory(const fs::path& root) {
  std::ifstream in(root / "proc/meminfo");
  std::string key;
  std::uint64_t kibibytes = 0;
  std::string unit;
  while (in >> key >> kibibytes) {
    if (key == "MemTotal:") return kibibytes << 10;
    std::getline(in, unit);
  }
  return 0;
}

std::uint64_t ports_in_range(const fs::path& file, std::uint64_t otherwise) {
  std::ifstream in(file);
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  return in >> first >> last && first <= last ? last - first + 1 : otherwise;
}

}  // namespace

MachineLimits read_machine_limits(const fs::path& root) {
  constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();
  MachineLimits limits;

  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    // No process can have more than fs.nr_open, whatever its limit.
    limits.descriptors = std::min<std::uint64_t>(files.rlim_max, read_number(root / "proc/sys/fs/nr_open", 1u << 20));
  }
  limits.cpus = affinity_cpus();
  limits.memory = machine_memory(root);
  for (const fs::path& group : control_groups(root)) {
    limits.cpus = std::min(limits.cpus, quota_cpus(group));
    const std::uint64_t most = read_number(group / "memory.max", kNoLimit);
    if (most != kNoLimit) limits.memory = limits.memory == 0 ? most : std::min(limits.memory, most);
  }
  limits.somaxconn = static_cast<std::uint32_t>(read_number(root / "proc/sys/net/core/somaxconn", 0));
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  limits.pipe_bytes = read_number(root / "proc/sys/fs/pipe-user-pages-soft", 0) * page;
  limits.local_ports = ports_in_range(root / "proc/sys/net/ipv4/ip_local_port_range", limits.local_ports);
  return limits;
}

}  // namespace weir
