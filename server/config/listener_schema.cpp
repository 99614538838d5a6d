#include "server/config/listener_schema.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

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
  map.finish({"accept_proxy_protocol", "trusted", "limits", "allow", "deny", "allow_file", "deny_file", "unix"});
}

}  // namespace weir
