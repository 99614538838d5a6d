#include "server/toxiproxy/made_proxies.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "common/address.hpp"
#include "server/toxiproxy/fitting_name.hpp"
#include "server/toxiproxy/problem.hpp"

namespace weir::toxiproxy {

namespace {

std::string upstream_name(const std::string& proxy) { return fitting_name("toxiproxy." + proxy); }

template <typename Named>
auto find_of_name(Named& all, const std::string& name) {
  return std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == name; });
}

template <typename Named>
void put(Named& all, typename Named::value_type one) {
  const auto place = find_of_name(all, one.name);
  if (place == all.end()) {
    all.push_back(std::move(one));
  } else {
    *place = std::move(one);
  }
}

Address parse(const std::string& text, AddressUse use, const char* key) try {
  return parse_address(text, use);
} catch (const std::invalid_argument& error) {
  throw Problem(400, fmt::format("{}: {}", key, error.what()));
}

ListenerConfig make_listener(const Proxy& proxy) {
  ListenerConfig listener;
  listener.name = fitting_name(proxy.name);
  listener.made = MadeListener{proxy.name, proxy.listen, proxy.upstream, proxy.enabled};
  if (proxy.enabled) listener.bind = {parse(plain_listen(proxy.listen), AddressUse::bind, "listen")};
  if (proxy.enabled && listener.bind.front().is_descriptor()) {
    throw Problem(
        400, fmt::format("listen: {} is a socket of the service manager, which a proxy cannot have", proxy.listen));
  }
  listener.service = ProxyConfig{{}, upstream_name(proxy.name)};
  // Nothing ends but by those at its ends, and by toxics.
  listener.timeouts.idle = listener.timeouts.half_close = milliseconds(0);
  return listener;
}

/// A name is looked up while the daemon serves, so that one that nobody knows yet is in nobody's way. That of this
/// machine needs no look-up.
BackendConfig make_backend(const Proxy& proxy) {
  BackendConfig backend;
  backend.address = parse(proxy.upstream, AddressUse::target, "upstream");
  const std::string& host = backend.address.host;
  if (!backend.address.is_inet() || is_ip_address(host) || host == "localhost") return backend;
  backend.dns = DnsName{DnsName::Record::a, host, backend.address.port};
  backend.address = Address{};
  return backend;
}

UpstreamConfig make_upstream(const Proxy& proxy) {
  UpstreamConfig upstream;
  upstream.name = upstream_name(proxy.name);
  upstream.servers = {make_backend(proxy)};
  // A name may have several addresses, which are backends of their own.
  upstream.connect.attempts = upstream.servers.front().dns ? 3 : 1;
  upstream.eject.failures = 0;
  return upstream;
}

bool is_made_upstream(const ServerConfig& config, const std::string& name) {
  return std::any_of(config.listeners.begin(), config.listeners.end(), [&](const ListenerConfig& listener) {
    return listener.made && upstream_name(listener.made->name) == name;
  });
}

}  // namespace

ServerConfig with_proxy(ServerConfig config, const Proxy& proxy) {
  ListenerConfig listener = make_listener(proxy);
  UpstreamConfig upstream = make_upstream(proxy);
  const auto of_name = find_of_name(config.listeners, listener.name);
  const bool is_taken = of_name != config.listeners.end() && !of_name->made;
  const bool upstream_is_taken = find_of_name(config.upstreams, upstream.name) != config.upstreams.end() &&
                                 !is_made_upstream(config, upstream.name);
  if (is_taken || upstream_is_taken) throw proxy_already_exists();
  put(config.listeners, std::move(listener));
  put(config.upstreams, std::move(upstream));
  return config;
}

ServerConfig without_proxy(ServerConfig config, const std::string& name) {
  const auto is_it = [&](const ListenerConfig& listener) { return listener.made && listener.made->name == name; };
  if (std::erase_if(config.listeners, is_it) == 0) return config;
  std::erase_if(config.upstreams, [&](const auto& upstream) { return upstream.name == upstream_name(name); });
  return config;
}

ServerConfig keep_made(ServerConfig next, const ServerConfig& running) {
  if (!may_create(next)) return next;
  for (const ListenerConfig& listener : running.listeners) {
    if (!listener.made) continue;
    const auto upstream = find_of_name(running.upstreams, upstream_name(listener.made->name));
    const bool is_free = find_of_name(next.listeners, listener.name) == next.listeners.end() &&
                         find_of_name(next.upstreams, upstream->name) == next.upstreams.end();
    if (!is_free) continue;
    next.listeners.push_back(listener);
    next.upstreams.push_back(*upstream);
  }
  return next;
}

bool may_create(const ServerConfig& config) {
  return config.faults && config.faults->api && config.faults->api->create;
}

}  // namespace weir::toxiproxy
