#include "server/upstream/backend.hpp"

#include <system_error>

#include "server/upstream/upstream.hpp"

namespace weir {

Backend::Backend(const BackendConfig& config, Upstream& upstream)
    : config_(config),
      upstream_(upstream),
      name_(config.address.to_string()),
      endpoints_(resolve(config.address, AddressUse::target)) {}

void Backend::report_failure(int error) {
  const std::uint64_t times = failures_.admit(std::chrono::steady_clock::now());
  if (times == 0) return;
  const std::string& upstream = upstream_.config().name;
  const std::string reason = std::generic_category().message(error);
  if (times == 1) {
    spdlog::warn("upstream {}: cannot connect to {}: {}", upstream, name_, reason);
  } else {
    spdlog::warn("upstream {}: cannot connect to {}: {} ({} times since last said)", upstream, name_, reason, times);
  }
}

}  // namespace weir
