#pragma once

#include <cstddef>
#include <cstdint>

namespace weir::test {

/// What the kernel holds for one end of a connection: sent but not acknowledged, and arrived but not read.
struct TcpQueues {
  std::size_t send = 0;
  std::size_t receive = 0;
};

/// Both ends of the only IPv4 connection to a port, whichever processes have them.
struct TcpConnectionQueues {
  TcpQueues connected;  ///< the end that connected
  TcpQueues accepted;
};

/// Reads /proc/net/tcp (proc(5)). An end that is not there has empty queues.
TcpConnectionQueues tcp_queues_to(std::uint16_t port);

}  // namespace weir::test
