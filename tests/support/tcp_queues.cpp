#include "tests/support/tcp_queues.hpp"

#include <cstdio>
#include <fstream>
#include <string>

namespace weir::test {

TcpConnectionQueues tcp_queues_to(std::uint16_t port) {
  constexpr unsigned kEstablished = 1;
  TcpConnectionQueues found;
  std::ifstream table("/proc/net/tcp");
  for (std::string line; std::getline(table, line);) {
    unsigned local = 0;
    unsigned remote = 0;
    unsigned state = 0;
    TcpQueues queues;
    const int fields = std::sscanf(line.c_str(), " %*u: %*x:%x %*x:%x %x %zx:%zx", &local, &remote, &state,
                                   &queues.send, &queues.receive);
    if (fields != 5 || state != kEstablished) continue;
    if (local == port) found.accepted = queues;
    if (remote == port) found.connected = queues;
  }
  return found;
}

}  // namespace weir::test
