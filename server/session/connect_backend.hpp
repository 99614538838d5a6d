#pragma once

#include "common/net.hpp"
#include "server/session/backend_connection.hpp"
#include "server/session/session.hpp"

namespace weir {

/// Tries backends of the upstream until one takes the connection, within `connect.attempts`, and tells it who the
/// client is where that is asked for. Where none takes it, or the session must end before, the session's `end` says
/// why.
net::awaitable<void> connect_backend(Session& session, Upstream& upstream, BackendConnection& backend);

}  // namespace weir
