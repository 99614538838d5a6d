#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::load {

/// What the kernel says of one TCP connection (TCP_INFO, `struct tcp_info` of linux/tcp.h).
struct TcpFacts {
  std::uint64_t rtt_us = 0;         ///< smoothed
  std::uint64_t min_rtt_us = 0;     ///< 0: not known
  std::uint64_t retransmits = 0;    ///< segments
  std::uint64_t bytes_retrans = 0;  ///< bytes sent again
  std::uint64_t delivery_rate = 0;  ///< bytes a second, as of the latest acknowledgements
  std::uint64_t busy_us = 0;        ///< with something to send; the two that follow are part of it
  std::uint64_t rwnd_us = 0;        ///< held up by the receiver's window
  std::uint64_t sndbuf_us = 0;      ///< held up by the size of the send buffer

  bool operator==(const TcpFacts&) const = default;
};

/// Nothing where the socket is no TCP socket.
std::optional<TcpFacts> read_tcp_facts(int fd);

/// What held up sending, over one connection or added up over several.
struct SendLimits {
  std::uint64_t elapsed_us = 0;  ///< how long there was to send
  std::uint64_t busy_us = 0;
  std::uint64_t rwnd_us = 0;
  std::uint64_t sndbuf_us = 0;

  static SendLimits of(const TcpFacts& facts, std::uint64_t elapsed_us);
  void add(const SendLimits& other);

  /// Shares of the time, 0 to 1, that add up to 1.
  double receiver() const;
  double send_buffer() const;
  double network() const;  ///< by the congestion window: busy, and neither of the two above
  double idle() const;     ///< nothing to send

  bool operator==(const SendLimits&) const = default;
};

/// The largest of the four: `receiver`, `send_buffer`, `network`, `application` (`pace` when paced); `unknown` without
/// figures.
std::string_view largest_limit(const SendLimits& limits, bool paced);

/// For people: what limited sending, in percent of the time, largest first. `whose` is `our` or `its`. Empty without
/// figures.
std::string limits_sentence(const SendLimits& limits, bool paced, std::string_view whose);

}  // namespace weir::load
