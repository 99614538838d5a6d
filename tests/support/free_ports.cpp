#include "tests/support/free_ports.hpp"

#include <sys/socket.h>

#include <random>
#include <stdexcept>

#include "tests/support/peer.hpp"

namespace weir::test {
namespace {

constexpr std::uint16_t kLowest = 12'000;
constexpr std::uint16_t kHighest = 32'000;

bool is_free(std::uint16_t port) {
  const io::Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const Endpoint endpoint = loopback(port);
  return ::bind(socket.get(), endpoint.data(), endpoint.size()) == 0;
}

}  // namespace

FreePorts::FreePorts(std::uint16_t count) : count_(count) {
  std::random_device lots;
  for (int attempt = 0; attempt < 100; ++attempt) {
    first_ = std::uniform_int_distribution<std::uint16_t>(kLowest, static_cast<std::uint16_t>(kHighest - count))(lots);
    std::uint16_t offset = 0;
    while (offset < count && is_free(at(offset))) ++offset;
    if (offset == count) return;
  }
  throw std::runtime_error("no " + std::to_string(count) + " free ports in a row");
}

std::string FreePorts::range() const {
  return "127.0.0.1:" + std::to_string(first_) + "-" + std::to_string(first_ + count_ - 1);
}

}  // namespace weir::test
