#pragma once

#include <utility>
#include <variant>
#include <vector>

#include "server/config/server_config.hpp"
#include "server/session/service.hpp"

namespace weir {

/// Makes a listener's service of its configuration: one operator for each kind of ServiceConfig. `find_target` gives
/// the ProxyTarget of an upstream by the upstream's name.
template <typename FindTarget>
struct ServiceMaker {
  FindTarget find_target;
  bool has_tls;  ///< the listener

  Service operator()(const EchoConfig& config) const { return EchoService{config.transform}; }
  Service operator()(const DiscardConfig& /*config*/) const { return DiscardService{}; }
  Service operator()(const ProxyConfig& config) const {
    std::vector<ProxyRoute> routes;
    for (const RouteConfig& route : config.routes) {
      const bool terminates = has_tls && route.tls == RouteConfig::Tls::terminate;
      routes.push_back({route.names, route.alpn, terminates, find_target(route.upstream)});
    }
    return ProxyService(config.upstream.empty() ? ProxyTarget() : find_target(config.upstream), std::move(routes));
  }
};

template <typename FindTarget>
Service make_service(const ListenerConfig& config, FindTarget find_target) {
  return std::visit(ServiceMaker<FindTarget>{std::move(find_target), config.tls.has_value()}, config.service);
}

}  // namespace weir
