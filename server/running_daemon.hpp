#pragma once

#include <filesystem>
#include <string>

#include "server/config/server_config.hpp"

namespace weir {

/// Whether the kernel says that somebody listens where the first listener does, as proc(5) below `root` tells. Empty,
/// or the reason why not. Nobody is connected to, so that the daemon has no record of a connection.
std::string check_listening(const ServerConfig& config, const std::filesystem::path& root = "/");

/// Asks the daemon that runs here how it is: at WEIR_HEALTH where the environment has it, else its admin endpoint's
/// readyz, else whether its first listener listens. It is process 1, or the oldest `weir` that serves. Empty when it is
/// well, else the reason; blocks for two seconds at most.
std::string check_running_daemon();

}  // namespace weir
