#pragma once

#include <chrono>

#include "server/admin/client.hpp"
#include "server/admin/reload_command.hpp"

namespace weir::admin {

/// A new program has `upgrade_timeout` until it is prepared, and as long until it serves; nobody knows the daemon's
/// here.
inline constexpr std::chrono::minutes kPatienceForUpgrade{20};

/// `weir upgrade`: 0 another process serves, 1 it failed and what ran before goes on. Throws as ask() does.
Outcome upgrade(const Client& client);

}  // namespace weir::admin
