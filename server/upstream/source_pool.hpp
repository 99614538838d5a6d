#pragma once

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "common/endpoint.hpp"
#include "common/io/stream.hpp"
#include "common/io/timer_wheel.hpp"

namespace weir {

/// The local addresses that an upstream's connections come from (`bind_source`). Any thread.
class SourcePool {
 public:
  /// Addresses that this machine has, without ports.
  explicit SourcePool(std::vector<Endpoint> addresses) : addresses_(std::move(addresses)) {}

  /// Whether sockets towards the target are bound: not towards unix sockets, and not where no address is given.
  bool binds(const Endpoint& target) const { return target.is_inet() && !addresses_.empty(); }
  /// Whether the target can be reached: sockets towards it are not bound, or there is an address of its family.
  bool reaches(const Endpoint& target) const;
  const std::vector<Endpoint>& addresses() const { return addresses_; }

 private:
  const std::vector<Endpoint> addresses_;
};

/// Which addresses of a pool the connections to one backend come from: each in its turn. One that has no port left
/// towards the backend rests for a while, because the kernel looks at every port to find that out. Any thread.
class SourceTurns {
 public:
  using Time = io::Clock::time_point;
  static constexpr std::chrono::milliseconds kRest{100};

  SourceTurns(const SourcePool& pool, bool single_endpoint)
      : pool_(pool), single_endpoint_(single_endpoint), rest_until_(pool.addresses().size()) {}

  const SourcePool& pool() const { return pool_; }
  /// The addresses of the target's family in the order in which the next attempt tries them, without those that rest;
  /// by their place in the pool.
  std::vector<std::size_t> next(const Endpoint& target, Time now);
  void rest(std::size_t address, Time now);

 private:
  const SourcePool& pool_;
  const bool single_endpoint_;
  std::array<std::atomic<std::uint32_t>, 2> turns_{};  ///< of IPv4 and of IPv6
  std::vector<std::atomic<Time::rep>> rest_until_;
};

/// Binds a socket to a local address and leaves the port to connect(2), so that one port serves towards many targets
/// (IP_BIND_ADDRESS_NO_PORT, ip(7)). Returns 0 or an errno.
int bind_source(int fd, const Endpoint& source);

/// Whether a bind or connect failed because that address, or a port of it, was not to be had: another address may do.
bool is_source_spent(int error);

/// As io::start_connect(), from the address whose turn it is; from the one after it where that one is spent.
template <typename Prepare>
io::ConnectStart start_connect_from(SourceTurns& sources, const Endpoint& target, SourceTurns::Time now,
                                    Prepare&& prepare) {
  if (!sources.pool().binds(target)) return io::start_connect(target, prepare);
  io::ConnectStart start{{}, EADDRNOTAVAIL};
  for (const std::size_t address : sources.next(target, now)) {
    start = io::start_connect(target, [&](int fd) {
      const int error = prepare(fd);
      return error != 0 ? error : bind_source(fd, sources.pool().addresses()[address]);
    });
    if (!is_source_spent(start.error)) break;
    sources.rest(address, now);
  }
  return start;
}

}  // namespace weir
