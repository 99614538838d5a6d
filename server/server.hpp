#pragma once

#include <string>

#include "server/config/config_files.hpp"
#include "server/config/server_config.hpp"
#include "server/upgrade/predecessor.hpp"
#include "server/upgrade/program.hpp"

namespace weir {

/// Where the configuration came from, for a reload.
struct ServerSource {
  std::string file;  ///< empty where there is none
  /// Reads it anew; throws ConfigError. Null where there is no file. Any thread, one at a time.
  ConfigFiles::Load load;
  /// Where changes of the files are to be reloaded: what they held when the configuration was loaded. Or null.
  ConfigFiles* watched = nullptr;
  upgrade::Program program;  ///< this one, for an upgrade
  /// The process whose place this one takes, or null.
  upgrade::Predecessor* predecessor = nullptr;
};

/// Serves what the configuration says until a signal ends it. Everything is put together and taken down here. Call
/// once, on the main thread.
///
/// Returns the exit status: 0 after a drain or a second signal, 1 if something failed at run time (a bind, say), with
/// the reason logged.
int run_server(const ServerSource& source, const ServerConfig& config);

}  // namespace weir
