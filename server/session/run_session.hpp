#pragma once

#include "common/net.hpp"
#include "server/session/session.hpp"

namespace weir {

/// The whole life of a connection on the worker that serves it: admission, service, orderly close, one record,
/// counters. Does not throw. If spawning it throws, it has not begun, and `start` is unchanged. It moves `start` out at
/// its very beginning, and does not use it after its first wait.
net::awaitable<void> run_session(SessionStart& start);

/// Ends a connection that never became a session with a RST and a record.
void refuse_connection(ListenerContext& context, Arrival arrival, std::uint64_t id, SessionEnd why);

}  // namespace weir
