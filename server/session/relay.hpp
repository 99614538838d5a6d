#pragma once

#include "common/io/stream.hpp"
#include "common/net.hpp"
#include "server/session/session.hpp"

namespace weir {

/// Relays between the session's client and a connected backend until both directions ended or one side failed:
///
///     client ──── upstream ───▶ backend
///     client ◀─── downstream ── backend
///
/// A FIN passes as a FIN, each direction on its own. A reset or time-out of one side passes as a RST, after what came
/// before it: once the other side's send queue is empty or `half_close` has passed. Fills the record's byte counts.
/// The backend's socket is closed or reset by the time it returns; the client's is left to the session.
net::awaitable<SessionEnd> relay(Session& session, io::Stream& backend);

}  // namespace weir
