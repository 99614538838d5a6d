#pragma once

#include "common/net.hpp"
#include "server/session/session.hpp"

namespace weir {

/// The whole life of a connection on the worker that it was given to: admission, service, orderly close, one record,
/// counters. Promises not to throw: where spawning it throws, it has not begun, and `start` is as it was. It empties
/// that at its very begin, and does not look at it after its first wait.
net::awaitable<void> run_session(SessionStart& start);

/// Ends a connection that never became a session, with a RST and a record.
void refuse_connection(ListenerContext& context, Arrival arrival, std::uint64_t id, SessionEnd why);

}  // namespace weir
