#include "server/upstream/source_pool.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace weir {

bool SourcePool::reaches(const Endpoint& target) const {
  return !binds(target) || std::any_of(addresses_.begin(), addresses_.end(),
                                       [&](const Endpoint& source) { return source.family() == target.family(); });
}

std::vector<std::size_t> SourceTurns::next(const Endpoint& target, Time now) {
  const std::vector<Endpoint>& addresses = pool_.addresses();
  std::vector<std::size_t> turn;
  turn.reserve(addresses.size());
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    if (addresses[i].family() == target.family()) turn.push_back(i);
  }
  if (turn.empty()) return turn;
  const std::uint32_t first = turns_[target.family() == AF_INET6 ? 1 : 0].fetch_add(1, std::memory_order_relaxed);
  std::rotate(turn.begin(), turn.begin() + static_cast<std::ptrdiff_t>(first % turn.size()), turn.end());
  std::erase_if(turn, [&](std::size_t address) {
    return now.time_since_epoch().count() < rest_until_[address].load(std::memory_order_relaxed);
  });
  return turn;
}

void SourceTurns::rest(std::size_t address, Time now) {
  if (!single_endpoint_) return;  // what is spent towards one of them is not towards the others
  rest_until_[address].store((now + kRest).time_since_epoch().count(), std::memory_order_relaxed);
}

int bind_source(int fd, const Endpoint& source) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  return ::bind(fd, source.data(), source.size()) == 0 ? 0 : errno;
}

bool is_source_spent(int error) { return error == EADDRNOTAVAIL || error == EADDRINUSE; }

}  // namespace weir
