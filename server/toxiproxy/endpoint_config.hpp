#pragma once

#include "server/config/server_config.hpp"

namespace weir::toxiproxy {

/// What the endpoint is called in logs and errors, by the key that opens it.
inline constexpr const char* kEndpointName = "faults.api";

/// Its configuration as that of any endpoint.
inline AdminConfig endpoint_config(const ToxiproxyConfig& api) {
  AdminConfig config;
  config.bind = api.bind;
  return config;
}

}  // namespace weir::toxiproxy
