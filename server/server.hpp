#pragma once

#include <string>

#include "server/config/server_config.hpp"

namespace weir {

/// Serves what the configuration says until a signal ends it. Everything is put together and taken down here. Call
/// once, on the main thread.
///
/// `config_file` is what SIGHUP would reload, empty if there is none.
///
/// Returns the exit status: 0 after a drain or a second signal, 1 if something failed at run time (a bind, say), with
/// the reason logged.
int run_server(const ServerConfig& config, const std::string& config_file);

}  // namespace weir
