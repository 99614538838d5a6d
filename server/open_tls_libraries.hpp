#pragma once

#include <cstddef>

#include "server/config/server_config.hpp"

namespace weir {

/// Gives each worker an OpenSSL of its own, if the configuration speaks TLS and none before it did. It costs 300 KiB a
/// worker. Throws std::runtime_error. Any thread, before what the configuration names is made.
void open_tls_libraries(const ServerConfig& config, std::size_t workers);

}  // namespace weir
