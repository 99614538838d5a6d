#pragma once

#include "common/net.hpp"
#include "server/session/backend_connection.hpp"
#include "server/session/session.hpp"

namespace weir {

/// Whether a session without a backend is over because its client has left: by a reset, or by a FIN where
/// `connect.abort_on` says so. A FIN alone is none, because a client may send, shut down its sending side, and then
/// read.
bool client_has_left(const Session& session, const UpstreamConfig& config);

/// Tries backends of the service's upstream until one accepts the connection, within `connect.attempts`, and sends it a
/// PROXY header if configured. If none accepts it, or the session must end earlier, the session's `end` says why.
net::awaitable<void> connect_backend(Session& session, const ProxyTarget& target, BackendConnection& backend);

}  // namespace weir
