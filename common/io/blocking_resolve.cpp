#include "common/io/blocking_resolve.hpp"

#include <exception>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

namespace weir::io {

namespace {

/// What a name stands for, or why it can't be told.
struct Resolved {
  std::vector<Endpoint> endpoints;
  std::string problem;
};

Resolved try_resolve(const Address& address) {
  try {
    return {resolve(address, AddressUse::target), ""};
  } catch (const std::exception& error) {
    return {{}, error.what()};
  }
}

}  // namespace

std::vector<Endpoint> resolve_until(const Address& address, Clock::time_point deadline) {
  // getaddrinfo(3) can't be told a deadline, so a thread of its own waits for it and is left behind when it is late.
  std::packaged_task<Resolved()> task([address] { return try_resolve(address); });
  std::future<Resolved> found = task.get_future();
  std::thread(std::move(task)).detach();
  if (found.wait_until(deadline) != std::future_status::ready) {
    throw std::runtime_error("cannot resolve " + address.host + " in time");
  }
  Resolved resolved = found.get();
  if (!resolved.problem.empty()) throw std::runtime_error(resolved.problem);
  return std::move(resolved.endpoints);
}

}  // namespace weir::io
