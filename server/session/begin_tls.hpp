#pragma once

#include <cstddef>
#include <vector>

#include "common/net.hpp"
#include "server/session/session.hpp"

namespace weir {

/// Looks at a client's first bytes, finds its route, and terminates its TLS where that is due: `session.tls` is there
/// then, unless it ends the session instead. Gives the bytes that had to be taken and that nobody has consumed: they
/// are the first of what the service gets.
net::awaitable<std::vector<std::byte>> begin_tls(Session& session);

}  // namespace weir
