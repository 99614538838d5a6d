#pragma once

#include <string>

namespace weir {

/// Asks the daemon that runs here how it is: at WEIR_HEALTH where the environment has it, else at its admin endpoint's
/// readyz, else whether it listens anywhere, which leaves it no record of a connection. The daemon is process 1, or
/// else the one `weir` of this user that serves in this network namespace. What is asked is what the daemon has open: a
/// configuration file that was changed since, and is not loaded or cannot be, makes no daemon ill. Empty when it is
/// well, else the reason.
std::string check_running_daemon();

}  // namespace weir
