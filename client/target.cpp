#include "client/target.hpp"

#include "common/io/blocking_connect.hpp"

namespace weir::load {

Endpoint choose_endpoint(const Address& target, std::chrono::microseconds timeout,
                         const std::function<int(int)>& prepare) {
  const std::vector<Endpoint> endpoints = resolve(target, AddressUse::target);
  if (endpoints.size() > 1) {
    for (const Endpoint& endpoint : endpoints) {
      io::ConnectStart probe = io::connect_until(endpoint, io::Clock::now() + timeout, prepare);
      if (probe.error == 0) return endpoint;
    }
  }
  return endpoints.front();
}

Endpoint choose_endpoint(const LoadOptions& options) {
  return choose_endpoint(options.target, options.timeout, [&options](int fd) {
    return options.source.empty() || options.target.is_unix() ? 0 : options.source.bind(fd, 0);
  });
}

}  // namespace weir::load
