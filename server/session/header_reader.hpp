#pragma once

#include <optional>

#include "common/net.hpp"
#include "server/session/session.hpp"

namespace weir {

/// Reads the PROXY header that is due from the client, and not a byte behind it, into the session's header and record.
/// Returns why the session must end where none came within `timeouts.header`.
net::awaitable<std::optional<SessionEnd>> receive_proxy_header(Session& session);

}  // namespace weir
