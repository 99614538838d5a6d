#pragma once

#include <string>

#include "server/config/server_config.hpp"

namespace weir {

/// Serves what the configuration says until a signal ends it: the one place where everything is put together and taken
/// down. Call once, on the main thread.
///
/// `config_file` is what SIGHUP would reload, empty when there is none.
///
/// Returns the exit status of the contract: 0 after a drain or a second signal, 1 when something failed at run time (a
/// bind, say), with the reason logged.
int run_server(const ServerConfig& config, const std::string& config_file);

}  // namespace weir
