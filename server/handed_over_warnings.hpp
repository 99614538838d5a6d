#pragma once

#include <string>
#include <vector>

#include "server/config/server_config.hpp"
#include "server/listener/handed_over.hpp"

namespace weir {

/// A warning for each `fd:NAME`: only the service manager knows whether it will be there.
std::vector<std::string> unchecked_socket_warnings(const ServerConfig& config);

/// A warning for each socket that was handed over and that nothing accepts from.
std::vector<std::string> unused_socket_warnings(const ServerConfig& config, const HandedOverSockets& handed_over);

}  // namespace weir
