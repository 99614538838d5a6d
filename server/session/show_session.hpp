#pragma once

#include "server/observe/live_connection.hpp"
#include "server/session/session.hpp"

namespace weir {

/// Describes a session as it stands, but for its rates. Two or three cheap system calls. False if it has ended and is
/// only about to go. Its worker's thread.
bool show_session(const Session& session, LiveConnection& shown);

}  // namespace weir
