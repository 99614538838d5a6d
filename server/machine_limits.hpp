#pragma once

#include <cstdint>
#include <filesystem>

namespace weir {

/// What the machine, the container and the service manager allow this process.
struct MachineLimits {
  std::uint64_t descriptors = 0;       ///< RLIMIT_NOFILE's hard limit: the daemon raises its soft one to it at start
  std::uint32_t cpus = 1;              ///< by sched_getaffinity(2), capped by the control group's cpu.max rounded up
  std::uint64_t memory = 0;            ///< bytes: the machine's, capped by the control group's memory.max; 0 = unknown
  std::uint32_t somaxconn = 0;         ///< net.core.somaxconn, what the kernel caps a backlog at; 0 = unknown
  std::uint64_t pipe_bytes = 0;        ///< fs.pipe-user-pages-soft in bytes: for all pipes of this user; 0 = no limit
  std::uint64_t local_ports = 28'232;  ///< net.ipv4.ip_local_port_range: from one local address to one backend address
};

/// Reads them from the kernel. Files are looked up below `root`, so that a test can fake them.
MachineLimits read_machine_limits(const std::filesystem::path& root = "/");

}  // namespace weir
