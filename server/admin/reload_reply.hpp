#pragma once

#include "server/admin/daemon.hpp"
#include "server/admin/reply.hpp"
#include "server/config/config_diff_text.hpp"
#include "server/observe/snapshot.hpp"

namespace weir::admin {

/// The live connections by listener and by backend.
ConnectionCounts connection_counts(const ServerSnapshot& snapshot);

/// What is answered to a reload, or to a question what one would do.
Reply reload_reply(const Reload& reload, bool dry_run, const ConnectionCounts& counts);

}  // namespace weir::admin
