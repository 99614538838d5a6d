#pragma once

#include <string>
#include <vector>

#include "common/logging.hpp"
#include "server/config/server_config.hpp"

namespace weir {

/// The log's name for a level of the configuration.
spdlog::level::level_enum level_of(LogLevel level);

/// Where the daemon's own log goes by its configuration.
LogTarget log_target(const LogConfig& config);

/// What keeps this process from writing the configured logs, for `weir check`. Only warnings: the daemon may run as
/// another user, and its service manager may make the folder when it starts.
std::vector<std::string> log_file_warnings(const ServerConfig& config);

}  // namespace weir
