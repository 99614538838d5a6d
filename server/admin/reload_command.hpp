#pragma once

#include <chrono>
#include <string>

#include "server/admin/client.hpp"
#include "server/config/server_config.hpp"

namespace weir::admin {

/// What a command says, and its exit status.
struct Outcome {
  int status = 0;
  std::string out{};
  std::string err{};
};

/// Names are looked up and files read before a reload is done, which may take the daemon half a minute.
inline constexpr std::chrono::seconds kPatienceForReload{40};

/// `weir reload`: 0 applied or nothing differs, 1 refused. Throws as ask() does.
Outcome reload(const Client& client, bool dry_run);

/// `weir check --diff`: what a reload would change of what the daemon runs. 0 nothing, 1 a reload would be refused, 3
/// something. Throws as ask() does.
Outcome compare_with_running(const Client& client, const ServerConfig& next);

}  // namespace weir::admin
