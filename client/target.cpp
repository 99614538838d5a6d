#include "client/target.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

namespace weir::load {

io::ConnectStart connect_blocking(const Endpoint& target, std::chrono::microseconds timeout,
                                  const std::function<int(int)>& prepare) {
  io::ConnectStart start = io::start_connect(target, prepare);
  if (start.error != EINPROGRESS) return start;
  pollfd waiting{start.socket.get(), POLLOUT, 0};
  const auto bound = std::chrono::ceil<std::chrono::milliseconds>(timeout).count();
  const int ready = ::poll(&waiting, 1, static_cast<int>(bound));
  socklen_t length = sizeof start.error;
  if (ready == 0) {
    start.error = ETIMEDOUT;
  } else if (ready < 0 || ::getsockopt(start.socket.get(), SOL_SOCKET, SO_ERROR, &start.error, &length) != 0) {
    start.error = errno;
  }
  return start;
}

Endpoint choose_endpoint(const Address& target, std::chrono::microseconds timeout,
                         const std::function<int(int)>& prepare) {
  const std::vector<Endpoint> endpoints = resolve(target, AddressUse::target);
  if (endpoints.size() > 1) {
    for (const Endpoint& endpoint : endpoints) {
      io::ConnectStart probe = connect_blocking(endpoint, timeout, prepare);
      if (probe.error == 0) return endpoint;
    }
  }
  return endpoints.front();
}

}  // namespace weir::load
