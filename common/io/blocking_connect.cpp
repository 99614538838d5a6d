#include "common/io/blocking_connect.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <limits>

#include "common/io/self_connect.hpp"

namespace weir::io {

namespace {

using std::chrono::milliseconds;

/// For poll(2), which takes an int; 0 when the deadline has passed.
int left_until(Clock::time_point deadline) {
  const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<milliseconds::rep>(left, 0, std::numeric_limits<int>::max()));
}

/// Waits until a connect(2) that is under way has ended. Returns an errno.
int wait_for_connect(int fd, Clock::time_point deadline) {
  for (;;) {
    const int left = left_until(deadline);
    pollfd entry{fd, POLLOUT, 0};
    const int ready = left == 0 ? 0 : ::poll(&entry, 1, left);
    if (ready == 0) return ETIMEDOUT;
    if (ready > 0) break;
    if (errno != EINTR) return errno;
  }
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 ? errno : error;
}

}  // namespace

ConnectStart connect_until(const Endpoint& target, Clock::time_point deadline, const std::function<int(int)>& prepare) {
  ConnectStart start = start_connect(target, prepare);
  while (is_queue_full(target, start.error)) {
    const int left = left_until(deadline);
    if (left == 0) {
      start.error = ETIMEDOUT;
      return start;
    }
    ::poll(nullptr, 0, std::min(left, static_cast<int>(kQueueFullPause.count())));
    start.error = connect_socket(start.socket.get(), target);
  }
  if (start.error == EINPROGRESS) start.error = wait_for_connect(start.socket.get(), deadline);
  if (start.error == 0) start.error = refuse_self_connect(start.socket.get(), target);
  return start;
}

}  // namespace weir::io
