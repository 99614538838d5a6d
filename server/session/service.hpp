#pragma once

#include <variant>

#include "common/net.hpp"
#include "server/config/server_config.hpp"
#include "server/observe/session_record.hpp"

namespace weir {

class Upstream;
struct Session;

/// Sends back what comes.
struct EchoService {
  EchoConfig::Transform transform;
  net::awaitable<SessionEnd> serve(Session& session) const;
};

/// Reads and forgets what comes.
struct DiscardService {
  net::awaitable<SessionEnd> serve(Session& session) const;
};

/// Connects to a backend of the upstream and relays.
struct ProxyService {
  Upstream* upstream;
  net::awaitable<SessionEnd> serve(Session& session) const;
};

/// What a listener does with a connection. serve() runs until the connection ends and returns why; it leaves the
/// client's socket open where the end is an orderly one or a cut, for the session to close.
using Service = std::variant<EchoService, DiscardService, ProxyService>;

}  // namespace weir
