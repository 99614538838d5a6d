#pragma once

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cstdint>
#include <optional>

namespace weir {

/// What a connection's record says of its client's side: `tcpi_rtt` and `tcpi_total_retrans` (tcp(7)).
struct TcpFigures {
  std::uint32_t rtt_us = 0;
  std::uint32_t retransmits = 0;
};

/// Nothing where the socket has none, as a unix socket.
inline std::optional<TcpFigures> read_tcp_figures(int socket) {
  tcp_info info{};
  socklen_t length = sizeof info;
  if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) return std::nullopt;
  return TcpFigures{info.tcpi_rtt, info.tcpi_total_retrans};
}

}  // namespace weir
