#include "client/target.hpp"

#include "common/io/blocking_connect.hpp"

namespace weir::load {

Endpoint choose_endpoint(const Address& target, std::chrono::microseconds timeout, const SourceAddresses& source) {
  const std::vector<Endpoint> endpoints = resolve(target, AddressUse::target);
  if (endpoints.size() > 1) {
    for (const Endpoint& endpoint : endpoints) {
      const io::ConnectStart probe = io::connect_until(
          endpoint, io::Clock::now() + timeout,
          [&source, &endpoint](int fd) { return source.empty() || !endpoint.is_inet() ? 0 : source.bind(fd, 0); });
      if (probe.error == 0) return endpoint;
    }
  }
  return endpoints.front();
}

}  // namespace weir::load
