#pragma once

#include <chrono>
#include <cstdint>
#include <limits>

namespace weir::io {

/// SO_KEEPALIVE and its three figures (tcp(7)).
struct KeepaliveOptions {
  bool enabled = true;
  std::chrono::seconds idle{60};
  std::chrono::seconds interval{10};
  std::uint32_t count = 3;

  bool operator==(const KeepaliveOptions&) const = default;
};

/// The longest timeout that TCP_USER_TIMEOUT takes.
inline constexpr std::chrono::milliseconds kLongestUserTimeout{std::numeric_limits<int>::max()};

/// What a TCP socket of the data path is set to. Their initialisers are the defaults of the configuration's `tcp`.
struct TcpOptions {
  bool nodelay = true;
  KeepaliveOptions keepalive;
  /// TCP_USER_TIMEOUT: of bytes without an acknowledgement; 0 = the system's.
  std::chrono::milliseconds user_timeout{0};
  std::uint32_t fast_open = 0;  ///< listening: TCP_FASTOPEN, requests that may have sent data with their SYN; 0 = off

  bool operator==(const TcpOptions&) const = default;
};

/// Sets the options on a TCP socket, and SO_OOBINLINE, so that urgent data is data like any other. Sockets accepted
/// from a listening socket inherit all of them; `fast_open` is the listening socket's own. Best effort: a kernel that
/// refuses one leaves its own default.
void apply_tcp_options(int fd, const TcpOptions& options);
/// The same for a socket that was set to others before.
void replace_tcp_options(int fd, const TcpOptions& options);

}  // namespace weir::io
