#include "server/config/listener_schema.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include "common/accounts.hpp"
#include "common/address_set.hpp"
#include "common/endpoint.hpp"
#include "common/near_name.hpp"
#include "common/printable.hpp"

namespace weir {
namespace {

/// With a server that has a port for each of the listener's.
std::string unlike_server(const Address& bind, const std::string& upstream, const Address& server) {
  const auto ports = [](const Address& address) {
    return address.is_range() ? std::to_string(address.port_count) + " ports" : std::string("one port");
  };
  return bind.to_string() + " has " + ports(bind) + ", but server " + server.to_string() + " of upstream " + upstream +
         " has " + ports(server) + "; give both as many, or the server one";
}

void check_port_ranges(const Value& value, const ListenerConfig& listener,
                       const std::vector<UpstreamConfig>& upstreams) {
  const auto* proxy = std::get_if<ProxyConfig>(&listener.service);
  if (proxy == nullptr) return;
  for (const UpstreamConfig& upstream : upstreams) {
    if (upstream.name != proxy->upstream) continue;
    for (const BackendConfig& server : upstream.servers) {
      if (!server.address.is_range()) continue;
      for (const Address& bind : listener.bind) {
        if (bind.port_count == server.address.port_count) continue;
        return value.fail(unlike_server(bind, upstream.name, server.address));
      }
    }
  }
}

void read_bind(const Value& value, std::vector<Address>& bind, BoundAddresses& bound) {
  const bool list = value.is(YamlNode::Kind::sequence);
  if (list && value.node().items.empty())
    return value.fail("is an empty list; write an address such as 127.0.0.1:7000");
  for (const Value& item : list ? value.items() : std::vector<Value>{value}) {
    Address address;
    address.kind = Address::Kind::unix_path;  // reading leaves this empty path when the address is wrong
    item.read(address, AddressUse::bind, Ports::range);
    if (address.is_unix() && address.host.empty()) continue;
    bound.add(address, item);
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
  if (has_control(path)) return value->fail(in_quotes(path) + " holds a control character; write a file's path");
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

void read_mode(const Value& value, std::uint32_t& mode) {
  const auto text = value.text("the mode of the socket's file, as \"0660\"");
  if (!text) return;
  std::uint32_t read = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), read, 8);
  if (error != std::errc{} || end != text->data() + text->size() || read > 0777) {
    return value.fail(in_quotes(*text) + " is no mode; write three octal digits, as \"0660\"");
  }
  mode = read;
}

/// Looked up here as well, so that a wrong name is found with all other problems.
template <typename Find>
void read_account(MapReader& map, const char* key, const char* thing, std::string& target, Find find) {
  const auto value = map.find(key);
  if (!value) return;
  value->read(target);
  if (target.empty()) return;
  try {
    if (!find(target)) value->fail("there is no " + std::string(thing) + " " + in_quotes(target) + " on this machine");
  } catch (const std::system_error& error) {
    value->fail(error.what());
  }
}

void read_unix(const Value& value, ListenerConfig& listener) {
  MapReader map(value);
  if (const auto mode = map.find("mode")) read_mode(*mode, listener.unix_socket.mode);
  read_account(map, "owner", "user", listener.unix_socket.owner, find_user);
  read_account(map, "group", "group", listener.unix_socket.group, find_group);
  map.finish();
  if (listener.bind.empty() || listener.has_socket_file()) return;
  value.problems().add(value.key_position(), value.path(),
                       "is for sockets with a file, but this listener binds no unix:/path; bind one, or remove this");
}

}  // namespace

void read_listener(const Value& value, ListenerConfig& listener, ListenerContext& context) {
  listener.timeouts = context.default_timeouts;
  MapReader map(value);
  read_name(map, "listener", listener.name, context.names);
  const auto bind = map.require("bind", "an address such as 127.0.0.1:7000");
  if (bind) read_bind(*bind, listener.bind, context.bound);
  read_service(value, map, listener.service, context.upstreams);
  if (bind) check_port_ranges(*bind, listener, context.upstream_configs);
  if (const auto timeouts = map.find("timeouts")) read_timeouts(*timeouts, listener.timeouts);
  if (const auto tcp = map.find("tcp")) read_tcp(*tcp, listener.tcp);
  if (const auto limits = map.find("limits")) read_listener_limits(*limits, listener.limits);
  read_ranges(map, "allow", listener.access.allow);
  read_ranges(map, "deny", listener.access.deny);
  read_ranges_file(map, "allow_file", listener.access.allow_file);
  read_ranges_file(map, "deny_file", listener.access.deny_file);
  read_proxy_headers(map, listener);
  if (const auto unix_socket = map.find("unix")) read_unix(*unix_socket, listener);
  map.finish();
}

}  // namespace weir
