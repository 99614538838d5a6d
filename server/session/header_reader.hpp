#pragma once

#include "common/net.hpp"
#include "server/session/session.hpp"

namespace weir {

/// Reads the PROXY header that is due from the client, and no byte behind it, into the session. Ends the session if
/// none comes within `timeouts.header`.
net::awaitable<void> receive_proxy_header(Session& session);

}  // namespace weir
