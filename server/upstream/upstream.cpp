#include "server/upstream/upstream.hpp"

#include <system_error>

namespace weir {

Backend::Backend(const BackendConfig& config)
    : name_(config.address.to_string()), endpoints_(resolve(config.address, AddressUse::target)) {}

void Backend::report_failure(const std::string& upstream, int error) {
  const std::uint64_t times = failures_.admit(std::chrono::steady_clock::now());
  if (times == 0) return;
  const std::string reason = std::generic_category().message(error);
  if (times == 1) {
    spdlog::warn("upstream {}: cannot connect to {}: {}", upstream, name_, reason);
  } else {
    spdlog::warn("upstream {}: cannot connect to {}: {} ({} times since last said)", upstream, name_, reason, times);
  }
}

Upstream::Upstream(const UpstreamConfig& config) : config_(config) {
  for (const BackendConfig& server : config.servers) servers_.emplace_back(server);
}

}  // namespace weir
