#include "server/config/listener_schema.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "common/address_set.hpp"
#include "common/endpoint.hpp"
#include "common/near_name.hpp"
#include "common/printable.hpp"

namespace weir {
namespace {

/// Two spellings of one address, so that binding it twice is found here and not at run time.
std::string canonical(const Address& address) {
  if (address.is_unix()) return address.to_string();
  std::string host = address.host;
  for (char& c : host) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (address.bracketed && host.find('%') == std::string::npos) {
    return resolve(address, AddressUse::target).front().to_string();
  }
  return host + ":" + std::to_string(address.port);
}

void read_bind(const Value& value, std::vector<Address>& bind, Definitions& bound) {
  const bool list = value.is(YamlNode::Kind::sequence);
  if (list && value.node().items.empty())
    return value.fail("is an empty list; write an address such as 127.0.0.1:7000");
  for (const Value& item : list ? value.items() : std::vector<Value>{value}) {
    Address address;
    address.kind = Address::Kind::unix_path;  // reading leaves this empty path when the address is wrong
    item.read(address, AddressUse::bind);
    if (address.is_unix() && address.host.empty()) continue;
    const auto [first, is_new] = bound.emplace(canonical(address), item.position());
    const bool any_port = !address.is_unix() && address.port == 0;
    if (!is_new && !any_port) {
      item.fail(address.to_string() + " is already bound " + first_place(first->second) + "; use another port");
    }
    bind.push_back(address);
  }
}

void read_proxy(const Value& value, ProxyConfig& proxy, const std::vector<std::string_view>& upstreams) {
  MapReader map(value);
  if (const auto upstream = map.require("upstream", "the name of an upstream")) {
    upstream->read(proxy.upstream);
    const bool known = std::find(upstreams.begin(), upstreams.end(), proxy.upstream) != upstreams.end();
    if (upstream->is(YamlNode::Kind::scalar) && !known) {
      upstream->fail("there is no upstream " + in_quotes(proxy.upstream) + "; " +
                     (upstreams.empty() ? "define it under upstreams" : name_hint(proxy.upstream, upstreams)));
    }
  }
  map.finish();
}

void read_service(const Value& value, MapReader& map, ServiceConfig& service,
                  const std::vector<std::string_view>& upstreams) {
  std::vector<std::pair<const char*, Value>> given;
  for (const char* name : {"echo", "discard", "proxy"}) {
    if (const auto found = map.find(name)) given.emplace_back(name, *found);
  }
  if (given.empty() && (value.is(YamlNode::Kind::map) || value.is(YamlNode::Kind::null))) {
    value.fail("has no service; add one of echo: {}, discard: {} or proxy: {upstream: NAME}");
  }
  if (given.size() > 1) {
    given[1].second.problems().add(
        given[1].second.key_position(), given[1].second.path(),
        "a listener has one service, but this one already has " + std::string(given[0].first) + "; keep one of them");
  }
  for (const auto& [name, found] : given) {
    if (std::string_view(name) == "echo") {
      EchoConfig echo;
      MapReader options(found);
      if (const auto transform = options.find("transform")) {
        transform->read_choice(echo.transform,
                               {{"none", EchoConfig::Transform::none}, {"upper", EchoConfig::Transform::upper}});
      }
      options.finish();
      service = echo;
    } else if (std::string_view(name) == "discard") {
      MapReader(found).finish();
      service = DiscardConfig{};
    } else {
      ProxyConfig proxy;
      read_proxy(found, proxy, upstreams);
      service = proxy;
    }
  }
}

void read_listener_limits(const Value& value, ScopeLimits& limits) {
  MapReader map(value);
  map.read("connections", limits.connections, 0u, 1'000'000'000u);
  read_source_limits(map, limits.per_source, limits.rate, limits.rate_per_source);
  map.finish();
}

void read_ranges(MapReader& map, const char* key, std::vector<std::string>& ranges) {
  const auto value = map.find(key);
  if (!value) return;
  const bool list = value->is(YamlNode::Kind::sequence);
  for (const Value& item : list ? value->items() : std::vector<Value>{*value}) {
    const auto text = item.text("a range such as 10.0.0.0/8");
    if (!text) continue;
    try {
      AddressSet().add(*text);
      ranges.push_back(*text);
    } catch (const std::invalid_argument& error) {
      item.fail(error.what());
    }
  }
}

/// The file is read here as well, so that its mistakes are found with all others.
void read_ranges_file(MapReader& map, const char* key, std::string& path) {
  const auto value = map.find(key);
  if (!value) return;
  value->read(path);
  if (path.empty()) return;
  try {
    AddressSet().add_file(path);
  } catch (const std::runtime_error& error) {
    value->fail(error.what());
  }
}

void read_proxy_headers(MapReader& map, ListenerConfig& listener) {
  using ProxyHeaders = ListenerConfig::ProxyHeaders;
  const auto accept = map.find("accept_proxy_protocol");
  if (accept) {
    accept->read_choice(
        listener.accept_proxy_protocol,
        {{"off", ProxyHeaders::off}, {"optional", ProxyHeaders::optional}, {"required", ProxyHeaders::required}});
  }
  const std::size_t problems = listener.trusted.size();
  const auto trusted = map.find("trusted");
  read_ranges(map, "trusted", listener.trusted);
  if (listener.accept_proxy_protocol == ProxyHeaders::optional && listener.trusted.size() == problems &&
      (!trusted || (trusted->is(YamlNode::Kind::sequence) && trusted->node().items.empty()))) {
    accept->fail("optional needs `trusted`: clients in it must send a header, all others are served as they are");
  }
}

}  // namespace

void read_listener(const Value& value, ListenerConfig& listener, ListenerContext& context) {
  listener.timeouts = context.default_timeouts;
  MapReader map(value);
  read_name(map, "listener", listener.name, context.names);
  if (const auto bind = map.require("bind", "an address such as 127.0.0.1:7000")) {
    read_bind(*bind, listener.bind, context.bound);
  }
  read_service(value, map, listener.service, context.upstreams);
  if (const auto timeouts = map.find("timeouts")) read_timeouts(*timeouts, listener.timeouts);
  if (const auto tcp = map.find("tcp")) read_tcp(*tcp, listener.tcp);
  if (const auto limits = map.find("limits")) read_listener_limits(*limits, listener.limits);
  read_ranges(map, "allow", listener.access.allow);
  read_ranges(map, "deny", listener.access.deny);
  read_ranges_file(map, "allow_file", listener.access.allow_file);
  read_ranges_file(map, "deny_file", listener.access.deny_file);
  read_proxy_headers(map, listener);
  map.finish({"unix"});
}

}  // namespace weir
