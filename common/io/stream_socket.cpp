#include "common/io/stream_socket.hpp"

#include <sys/socket.h>

namespace weir::io {

void set_reset_on_close(int fd) {
  const linger abort{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
}

}  // namespace weir::io
