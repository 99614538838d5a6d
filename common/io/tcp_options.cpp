#include "common/io/tcp_options.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace weir::io {

namespace {

void set(int fd, int level, int option, int value) { ::setsockopt(fd, level, option, &value, sizeof value); }

}  // namespace

void apply_tcp_options(int fd, const TcpOptions& options) {
  set(fd, SOL_SOCKET, SO_OOBINLINE, 1);
  if (options.nodelay) set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  if (options.fast_open > 0) set(fd, IPPROTO_TCP, TCP_FASTOPEN, static_cast<int>(options.fast_open));
  if (options.user_timeout.count() > 0) {
    set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(options.user_timeout.count()));
  }
  if (!options.keepalive.enabled) return;
  set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set(fd, IPPROTO_TCP, TCP_KEEPIDLE, static_cast<int>(options.keepalive.idle.count()));
  set(fd, IPPROTO_TCP, TCP_KEEPINTVL, static_cast<int>(options.keepalive.interval.count()));
  set(fd, IPPROTO_TCP, TCP_KEEPCNT, static_cast<int>(options.keepalive.count));
}

void replace_tcp_options(int fd, const TcpOptions& options) {
  if (!options.nodelay) set(fd, IPPROTO_TCP, TCP_NODELAY, 0);
  if (options.fast_open == 0) set(fd, IPPROTO_TCP, TCP_FASTOPEN, 0);
  if (options.user_timeout.count() == 0) set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 0);
  if (!options.keepalive.enabled) set(fd, SOL_SOCKET, SO_KEEPALIVE, 0);
  apply_tcp_options(fd, options);
}

}  // namespace weir::io
