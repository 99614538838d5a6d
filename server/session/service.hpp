#pragma once

#include <memory>
#include <variant>

#include "server/config/server_config.hpp"

namespace weir {

class DiscardTraffic;
class EchoTraffic;
class ProxyTraffic;
class Upstream;

/// Sends back what comes.
struct EchoService {
  using Traffic = EchoTraffic;
  EchoConfig::Transform transform;
};

/// Reads and forgets what comes.
struct DiscardService {
  using Traffic = DiscardTraffic;
};

/// Connects to a backend of the upstream and relays.
struct ProxyService {
  using Traffic = ProxyTraffic;
  std::shared_ptr<Upstream> upstream;
};

/// What a listener does with a connection. A service's Traffic is what it keeps of each one and does in a turn of it:
/// traffic.hpp says what run_session() asks of it.
using Service = std::variant<EchoService, DiscardService, ProxyService>;

}  // namespace weir
