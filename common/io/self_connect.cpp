#include "common/io/self_connect.hpp"

#include <cerrno>

#include "common/io/stream.hpp"

namespace weir::io {

int refuse_self_connect(int fd, const Endpoint& target) {
  if (!target.is_inet()) return 0;
  const Endpoint local = local_endpoint(fd);
  // The port alone tells of nearly all. The peer's name is not always the target's: 0.0.0.0 and :: are this machine.
  if (local.port() != target.port() || local != remote_endpoint(fd)) return 0;
  set_reset_on_close(fd);
  return ECONNREFUSED;
}

}  // namespace weir::io
