#pragma once

#include "common/net.hpp"
#include "server/session/session.hpp"

namespace weir {

/// When a session begins and its source is known: draws what it meets, which may end it (Refuse). Throws
/// std::bad_alloc.
void begin_shaping(Session& session);

/// Where the session's service begins later, or not at all (Connect): waits, and may end it.
net::awaitable<void> await_service(Session& session);

/// Looks again at what is set. Returns whether the traffic has to be told. Throws std::bad_alloc.
bool renew_shaping(Session& session);

}  // namespace weir
