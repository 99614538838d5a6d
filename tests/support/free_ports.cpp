#include "tests/support/free_ports.hpp"

#include <unistd.h>

#include <atomic>

#include "tests/support/peer.hpp"

namespace weir::test {
namespace {

/// 127.64.0.0/10 has an address for each process number (pid_max is 2^22 at most).
std::string own_host() {
  const auto pid = static_cast<unsigned>(::getpid());
  return "127." + std::to_string(64 + (pid >> 16 & 0x3f)) + "." + std::to_string(pid >> 8 & 0xff) + "." +
         std::to_string(pid & 0xff);
}

/// Below the ports that the kernel gives out by itself.
std::atomic<std::uint16_t> g_next{12'000};

}  // namespace

FreePorts::FreePorts(std::uint16_t count) : first_(g_next.fetch_add(count)), count_(count) {}

Endpoint FreePorts::endpoint(std::uint16_t offset) const {
  return endpoint_of(own_host() + ":" + std::to_string(at(offset)));
}

std::string FreePorts::range() const {
  return own_host() + ":" + std::to_string(first_) + "-" + std::to_string(first_ + count_ - 1);
}

}  // namespace weir::test
