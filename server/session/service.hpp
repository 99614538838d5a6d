#pragma once

#include <memory>
#include <utility>
#include <variant>

#include "server/config/server_config.hpp"
#include "server/upstream/upstream.hpp"

namespace weir {

class DiscardTraffic;
class EchoTraffic;
class ProxyTraffic;

/// Sends back what comes.
struct EchoService {
  using Traffic = EchoTraffic;
  EchoConfig::Transform transform;
};

/// Reads what comes and throws it away.
struct DiscardService {
  using Traffic = DiscardTraffic;
};

/// Connects to a backend of the upstream and relays. A connection lives by the configuration of the upstream that its
/// listener had when it came, whatever the upstream is configured by later.
struct ProxyService {
  using Traffic = ProxyTraffic;

  explicit ProxyService(std::shared_ptr<Upstream> of) : upstream(std::move(of)), config(upstream->pinned_config()) {}
  ProxyService(std::shared_ptr<Upstream> of, std::shared_ptr<const UpstreamConfig> with)
      : upstream(std::move(of)), config(std::move(with)) {}

  std::shared_ptr<Upstream> upstream;
  std::shared_ptr<const UpstreamConfig> config;
};

/// What a listener does with a connection. A service's Traffic is its state for one connection and does its work:
/// traffic.hpp says what run_session() needs from it.
using Service = std::variant<EchoService, DiscardService, ProxyService>;

}  // namespace weir
