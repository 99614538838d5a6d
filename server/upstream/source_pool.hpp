#pragma once

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <string>
#include <vector>

#include "common/endpoint.hpp"
#include "common/io/stream.hpp"

namespace weir {

/// The local addresses that an upstream's connections come from (`bind_source`), used in turn. Any thread.
class SourcePool {
 public:
  /// Binds a socket to each; throws std::runtime_error that names the upstream where this machine does not have it.
  /// Control thread.
  SourcePool(const std::string& upstream, const std::vector<std::string>& addresses);

  /// Whether sockets towards the target are bound: not towards unix sockets, and not where no address is given.
  bool binds(const Endpoint& target) const { return target.is_inet() && !(v4_.empty() && v6_.empty()); }
  /// Whether the target can be reached: sockets towards it are not bound, or there is an address of its family.
  bool reaches(const Endpoint& target) const { return !binds(target) || !of(target).empty(); }
  /// The addresses of the target's family in the order in which the next attempt tries them.
  std::vector<const Endpoint*> next_turn(const Endpoint& target) const;

 private:
  const std::vector<Endpoint>& of(const Endpoint& target) const { return target.family() == AF_INET6 ? v6_ : v4_; }

  std::vector<Endpoint> v4_;
  std::vector<Endpoint> v6_;
  mutable std::atomic<std::size_t> turns_{0};
};

/// Binds a socket to a local address and leaves the port to connect(2), so that one port serves towards many targets
/// (IP_BIND_ADDRESS_NO_PORT, ip(7)). Returns 0 or an errno.
int bind_source(int fd, const Endpoint& source);

/// Whether a bind or connect failed for want of a port at that address, or of the address: another one may do.
bool is_source_spent(int error);

/// As io::start_connect(), from the pool's next address; from the one after it where that one is spent.
template <typename Prepare>
io::ConnectStart start_connect_from(const SourcePool& sources, const Endpoint& target, Prepare&& prepare) {
  if (!sources.binds(target)) return io::start_connect(target, prepare);
  io::ConnectStart start{{}, EADDRNOTAVAIL};
  for (const Endpoint* source : sources.next_turn(target)) {
    start = io::start_connect(target, [&](int fd) {
      const int error = prepare(fd);
      return error != 0 ? error : bind_source(fd, *source);
    });
    if (!is_source_spent(start.error)) break;
  }
  return start;
}

}  // namespace weir
