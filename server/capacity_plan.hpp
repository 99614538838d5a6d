#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/admission/process_limits.hpp"
#include "server/config/server_config.hpp"
#include "server/machine_limits.hpp"

namespace weir {

/// What a connection costs in kernel and user memory, for `limits.connections: auto`. A connection over loopback takes
/// some 10 KB for sockets in the kernel, both ends (performance.md); the rest is its slot, coroutine and record, and
/// its share of what active connections keep. A direction whose receiver stalls can pin up to 64 KiB, so this is a
/// budget for the usual mix, not for a thousand stalled receivers.
inline constexpr std::uint64_t kMemoryPerConnection = 16u << 10;
/// Percent of the memory for connections; the rest is for the listen queues, the logs and other programs.
inline constexpr std::uint64_t kMemoryShare = 80;

inline constexpr std::uint64_t kDescriptorsPerPipe = 2;
/// Pipes that the whole process may splice streams through at once; further streams are copied. Each holds 256 KiB if a
/// receiver stalls. Together they take at most a twentieth of the descriptors, and half of what the kernel grants this
/// user (pipe(7)).
inline constexpr std::uint64_t kMostPipes = 512;

/// Backends that a `dns` name is assumed to stand for, and sockets that one round of lookups takes.
inline constexpr std::uint64_t kServersPerName = 16;
inline constexpr std::uint64_t kDescriptorsPerLookup = 4;
/// The log itself, and the eventfd that wakes the thread that waits for it.
inline constexpr std::uint64_t kDescriptorsPerLog = 2;

/// How many connections a configuration can serve on a machine.
struct CapacityPlan {
  MachineLimits machine;
  std::uint32_t workers = 1;
  bool workers_auto = true;

  /// Descriptors that are not connections.
  struct Reserved {
    std::uint64_t standard_streams = 3;
    std::uint64_t log_files = 0;       ///< of logs, which may share one
    std::uint64_t spare = 1;           ///< given up to accept and refuse a newcomer when descriptors run out
    std::uint64_t control_thread = 4;  ///< epoll, eventfd, signals, timer; and one for each backend that is checked
    std::uint64_t workers = 0;         ///< epoll and eventfd of each, and the eventfd of its side thread
    std::uint64_t listening = 0;       ///< one socket for each worker and TCP address, one for each unix path
    std::uint64_t pipes = 0;           ///< two for each pipe
    std::uint64_t slack = 16;  ///< resolver, service manager, handshakes (netlink), --watch, what a library opens
    std::uint64_t admin = 0;   ///< two for each socket of the endpoint, and its connections
    std::uint64_t total() const;
  } reserved;

  std::uint64_t pipes_per_worker = 0;   ///< 0 = everything is copied
  std::uint64_t descriptor_budget = 0;  ///< what is left for connections
  bool serves_direct = false;           ///< an echo or discard listener exists
  bool serves_proxied = false;
  std::uint64_t most_direct = 0;  ///< echo and discard connections at once, by descriptors alone
  std::uint64_t most_proxied = 0;
  std::uint64_t most_by_memory = 0;                            ///< 0 = unknown
  std::uint64_t memory_per_connection = kMemoryPerConnection;  ///< of those that take most

  /// What TLS takes (common/tls/costs.hpp).
  struct Tls {
    bool clients = false;                ///< a listener speaks it
    bool backends = false;               ///< a listener's upstream is spoken to in it
    std::uint32_t handshakes = 0;        ///< with clients at once, on each worker; 0 where no listener speaks it
    std::uint64_t handshake_memory = 0;  ///< of all that may be under way, bytes
  } tls;

  std::optional<std::uint64_t> limit;  ///< `limits.connections` as configured; nothing = auto, 0 = no limit
  ProcessLimits admitted;              ///< what the daemon admits at once; no limit = as long as descriptors last
  bool bound_by_memory = false;        ///< auto, and memory sets the limit

  /// How many connections may be at once, if all that come beside those that there are (which take `taken`
  /// descriptors) are of the kind that takes most; nothing = as long as descriptors last.
  std::optional<std::uint64_t> connection_limit(std::uint64_t active = 0, std::uint64_t taken = 0) const;
  /// The same, if all are of the kind that takes least.
  std::optional<std::uint64_t> most_connections() const;

  std::vector<std::string> warnings;
};

/// Plans without touching the machine. `auto` counts each connection as the descriptors that it takes. A reload passes
/// the pipes that each worker has: they are those of the start.
CapacityPlan plan_capacity(const ServerConfig& config, const MachineLimits& machine,
                           std::optional<std::uint64_t> pipes_per_worker = {});

/// What `weir check` prints, to be read at a glance; ends with a newline.
std::string describe(const CapacityPlan& plan);

}  // namespace weir
