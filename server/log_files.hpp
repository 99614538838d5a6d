#pragma once

#include <string>
#include <vector>

#include "server/config/server_config.hpp"

namespace weir {

/// What keeps this process from writing the configured logs, for `weir check`. Only warnings: the daemon may run as
/// another user, and its service manager may make the folder when it starts.
std::vector<std::string> log_file_warnings(const ServerConfig& config);

}  // namespace weir
