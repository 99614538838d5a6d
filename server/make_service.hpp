#pragma once

#include <utility>
#include <variant>

#include "server/config/server_config.hpp"
#include "server/session/service.hpp"

namespace weir {

/// Makes a listener's service of its configuration: one operator for each kind of ServiceConfig. `find_proxy` gives the
/// ProxyService of an upstream by the upstream's name.
template <typename FindProxy>
struct ServiceMaker {
  FindProxy find_proxy;

  Service operator()(const EchoConfig& config) const { return EchoService{config.transform}; }
  Service operator()(const DiscardConfig& /*config*/) const { return DiscardService{}; }
  Service operator()(const ProxyConfig& config) const { return find_proxy(config.upstream); }
};

template <typename FindProxy>
Service make_service(const ServiceConfig& config, FindProxy find_proxy) {
  return std::visit(ServiceMaker<FindProxy>{std::move(find_proxy)}, config);
}

}  // namespace weir
