#include "server/config/all_keys.hpp"

#include <algorithm>
#include <tuple>

#include "server/config/config_keys.hpp"

namespace weir {
namespace {

/// A rule has no name, and what is no key of a table stands below.
template <typename Entry>
void add_name(std::vector<std::string_view>& names, const Entry& entry) {
  if constexpr (requires { std::string_view(entry.name); }) names.push_back(entry.name);
}

template <typename... Sections>
std::vector<std::string_view> names_in() {
  std::vector<std::string_view> names;
  const auto add = [&](const auto& keys) {
    std::apply([&](const auto&... entry) { (add_name(names, entry), ...); }, keys);
  };
  (add(kKeys<Sections>), ...);
  for (const std::string_view name : {"echo", "discard", "proxy", "address", "dns", "record"}) names.push_back(name);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace

const std::vector<std::string_view>& all_keys() {
  static const std::vector<std::string_view> names =
      names_in<TimeoutsConfig, KeepaliveConfig, TcpConfig, EchoConfig, DiscardConfig, ProxyConfig, ScopeLimits,
               UnixConfig, ListenerConfig, BackendConfig, ConnectConfig, QueueConfig, HealthConfig, EjectConfig,
               UpstreamConfig, LogConfig, AccessLogConfig, AdminConfig, RelayConfig, DnsConfig, LimitsConfig,
               ServerConfig>();
  return names;
}

}  // namespace weir
