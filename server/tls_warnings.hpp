#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "server/config/server_config.hpp"

namespace weir {

/// What is doubtful about the files that TLS is configured with, although all of them can be used, for `weir check`:
/// certificates and lists that are not valid at `now`, and what tls::ServerContexts notes. Reads the files.
std::vector<std::string> tls_warnings(const ServerConfig& config, std::chrono::system_clock::time_point now);

}  // namespace weir
