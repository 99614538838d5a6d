#pragma once

#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/tls/renewable.hpp"
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

/// Whose backends connections go to. A connection lives by the configuration of the upstream that its listener had
/// when it came, whatever the upstream is configured by later.
struct ProxyTarget {
  ProxyTarget() = default;
  /// As the upstream is configured by now. Control thread.
  explicit ProxyTarget(std::shared_ptr<Upstream> of)
      : upstream(std::move(of)), config(upstream->pinned_config()), tls(upstream->pinned_tls()) {}
  ProxyTarget(std::shared_ptr<Upstream> of, std::shared_ptr<const UpstreamConfig> with,
              std::shared_ptr<tls::Origination> secured)
      : upstream(std::move(of)), config(std::move(with)), tls(std::move(secured)) {}

  std::shared_ptr<Upstream> upstream;  ///< null: there is none, and nobody is sent here
  std::shared_ptr<const UpstreamConfig> config;
  std::shared_ptr<tls::Origination> tls;  ///< null: backends are spoken to in the clear
};

/// A target for those whose ClientHello matches.
struct ProxyRoute {
  std::vector<std::string> names;  ///< exact, or `*.` for one label; none = any
  std::vector<std::string> alpn;   ///< none = any
  bool terminates = true;          ///< else it is passed through untouched
  ProxyTarget target;
};

/// Connects to a backend of a route's upstream, or of its own, and relays.
struct ProxyService : ProxyTarget {
  using Traffic = ProxyTraffic;

  explicit ProxyService(ProxyTarget rest, std::vector<ProxyRoute> some = {})
      : ProxyTarget(std::move(rest)), routes(std::move(some)) {}
  explicit ProxyService(std::shared_ptr<Upstream> of) : ProxyService(ProxyTarget(std::move(of))) {}

  std::vector<ProxyRoute> routes;
};

/// What a listener does with a connection. A service's Traffic is its state for one connection and does its work:
/// traffic.hpp says what run_session() needs from it.
using Service = std::variant<EchoService, DiscardService, ProxyService>;

}  // namespace weir
