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

/// Reads what comes and throws it away.
struct DiscardService {
  using Traffic = DiscardTraffic;
};

/// Connects to a backend of the upstream and relays.
struct ProxyService {
  using Traffic = ProxyTraffic;
  std::shared_ptr<Upstream> upstream;
};

/// What a listener does with a connection. A service's Traffic is its state for one connection and does its work:
/// traffic.hpp says what run_session() needs from it.
using Service = std::variant<EchoService, DiscardService, ProxyService>;

}  // namespace weir
