#include "server/machine_limits.hpp"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace weir {
namespace {

namespace fs = std::filesystem;

std::uint64_t read_number(const fs::path& file, std::uint64_t otherwise) {
  std::ifstream in(file);
  std::uint64_t number = 0;
  return in >> number ? number : otherwise;
}

/// A control group as proc(5) names it, and all above it, whose limits apply too; the outermost comes last.
std::vector<fs::path> with_those_above(const fs::path& mount, const std::string& name) {
  std::vector<fs::path> groups;
  fs::path group = name.substr(1);
  // Seen from outside its namespace, a process may be in a group that this mount doesn't show.
  if (name.find("/..") != std::string::npos) group.clear();
  for (; !group.empty(); group = group.parent_path()) groups.push_back(mount / group);
  groups.push_back(mount);
  return groups;
}

/// The directories of this process's control groups that may limit what the controller gives: of version 2, and of
/// version 1, which has a tree for each controller (cgroups(7)).
std::vector<fs::path> control_groups(const fs::path& root, const std::string& controller) {
  std::vector<fs::path> groups;
  std::ifstream in(root / "proc/self/cgroup");
  std::string line;
  while (std::getline(in, line)) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(":/", first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    fs::path mount = root / "sys/fs/cgroup";
    if (controllers != ",,") {
      if (controllers.find("," + controller + ",") == std::string::npos) continue;
      mount /= controller;
    }
    for (fs::path& group : with_those_above(mount, line.substr(second + 1))) groups.push_back(std::move(group));
  }
  return groups;
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

/// `max 100000` or `150000 100000`: microseconds of CPU time, and of the period. Version 1 has a file for each, and a
/// quota of -1 is none.
std::uint32_t quota_cpus(const fs::path& group) {
  double quota = 0;
  double period = 0;
  if (std::ifstream in(group / "cpu.max"); !(in >> quota >> period)) {
    if (!(std::ifstream(group / "cpu.cfs_quota_us") >> quota)) quota = 0;
    if (!(std::ifstream(group / "cpu.cfs_period_us") >> period)) period = 0;
  }
  if (quota <= 0 || period <= 0) return std::numeric_limits<std::uint32_t>::max();
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
  for (const fs::path& group : control_groups(root, "cpu")) limits.cpus = std::min(limits.cpus, quota_cpus(group));
  // Version 1 writes "no limit" as the last page of 2^63 bytes.
  constexpr std::uint64_t kMostMemory = 1ull << 62;
  for (const fs::path& group : control_groups(root, "memory")) {
    const std::uint64_t most =
        read_number(group / "memory.max", read_number(group / "memory.limit_in_bytes", kNoLimit));
    if (most < kMostMemory) limits.memory = limits.memory == 0 ? most : std::min(limits.memory, most);
  }
  limits.somaxconn = static_cast<std::uint32_t>(read_number(root / "proc/sys/net/core/somaxconn", 0));
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  limits.pipe_bytes = read_number(root / "proc/sys/fs/pipe-user-pages-soft", 0) * page;
  limits.local_ports = ports_in_range(root / "proc/sys/net/ipv4/ip_local_port_range", limits.local_ports);
  return limits;
}

}  // namespace weir
