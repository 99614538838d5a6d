#include "server/config/config_schema.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "common/near_name.hpp"
#include "common/printable.hpp"
#include "common/units.hpp"
#include "server/config/value_reader.hpp"

namespace weir {
namespace {

using std::chrono::seconds;

constexpr milliseconds kNoLimit{0};
constexpr std::size_t kLongestName = 64;
constexpr const char* kListenerExample = "{name: echo, bind: \"127.0.0.1:7000\", echo: {}}";

/// What was defined where, to find it twice.
using Definitions = std::map<std::string, Position>;

std::string first_place(const Position& position) {
  return position.line > 0 ? "on line " + std::to_string(position.line) : "by " + *position.origin;
}

/// Names stand in logs, metrics, the API's paths and `--set`.
void read_name(MapReader& map, const char* thing, std::string& target, Definitions& known) {
  const std::optional<Value> value = map.require("name", std::string("a name for this ") + thing);
  if (!value) return;
  const std::optional<std::string> name = value->text("a name");
  if (!name) return;
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  };
  const bool number = name->find_first_not_of("0123456789") == std::string::npos;
  if (number || name->size() > kLongestName || !std::all_of(name->begin(), name->end(), allowed) ||
      name->front() == '.' || name->front() == '-') {
    return value->fail(in_quotes(*name) + " is not a name; use up to " + std::to_string(kLongestName) +
                       " letters, digits, - _ and ., not digits alone, and begin with a letter, a digit or _");
  }
  const auto [first, is_new] = known.emplace(*name, value->position());
  if (!is_new) {
    return value->fail("another " + std::string(thing) + " has this name " + first_place(first->second) +
                       "; each needs its own");
  }
  target = *name;
}

/// `format` and `file`, which the log and the access log have in common.
void read_destination(MapReader& map, LogFormat& format, std::string& file) {
  if (const auto value = map.find("format")) {
    value->read_choice(format, {{"text", LogFormat::text}, {"json", LogFormat::json}});
  }
  if (const auto value = map.find("file")) {
    value->read(file);
    const auto control = [](char c) { return static_cast<unsigned char>(c) < ' '; };
    if (file.empty()) {
      value->fail("is empty; write a path, or \"-\" for stderr");
    } else if (std::any_of(file.begin(), file.end(), control)) {
      value->fail(in_quotes(file) + " holds a control character; write a path, or \"-\" for stderr");
    }
  }
}

void read_log(const Value& value, LogConfig& log) {
  MapReader map(value);
  if (const auto level = map.find("level")) {
    level->read_choice(log.level, {{"trace", LogLevel::trace},
                                   {"debug", LogLevel::debug},
                                   {"info", LogLevel::info},
                                   {"warning", LogLevel::warning},
                                   {"error", LogLevel::error},
                                   {"off", LogLevel::off}});
  }
  read_destination(map, log.format, log.file);
  map.finish();
}

void read_access_log(const Value& value, AccessLogConfig& log) {
  MapReader map(value);
  map.read("enabled", log.enabled);
  read_destination(map, log.format, log.file);
  map.read("sample", log.sample, 1u, 1'000'000'000u);
  map.finish();
}

void read_limits(const Value& value, LimitsConfig& limits) {
  MapReader map(value);
  if (const auto connections = map.find("connections")) {
    const std::optional<std::string> text = connections->text("auto, or a number of connections (0 for no limit)");
    if (text && *text == "auto") {
      limits.connections.reset();
    } else if (text) {
      try {
        limits.connections = parse_count(*text);
      } catch (const std::invalid_argument&) {
        connections->fail(in_quotes(*text) +
                          " is not a limit; write auto, or a number of connections (0 for no limit)");
      }
    }
  }
  map.read("backlog", limits.backlog, 1u, 1'000'000u);
  map.finish({"per_source", "rate", "rate_per_source"});
}

void read_timeouts(const Value& value, TimeoutsConfig& timeouts) {
  MapReader map(value);
  map.read("idle", timeouts.idle, kNoLimit);
  map.read("half_close", timeouts.half_close, kNoLimit);
  map.read("lifetime", timeouts.lifetime, kNoLimit);
  map.finish({"header"});
}

void read_keepalive(const Value& value, KeepaliveConfig& keepalive) {
  if (value.is(YamlNode::Kind::scalar)) {
    if (value.node().scalar == "off") {
      keepalive.enabled = false;
    } else {
      value.fail(in_quotes(value.node().scalar) + " is unknown; write off, or a map of idle, interval and count");
    }
    return;
  }
  // The kernel's bounds: MAX_TCP_KEEPIDLE, MAX_TCP_KEEPINTVL and MAX_TCP_KEEPCNT of include/net/tcp.h.
  MapReader map(value);
  map.read("idle", keepalive.idle, seconds(1), seconds(32767));
  map.read("interval", keepalive.interval, seconds(1), seconds(32767));
  map.read("count", keepalive.count, 1u, 127u);
  map.finish();
}

void read_tcp(const Value& value, TcpConfig& tcp) {
  MapReader map(value);
  map.read("nodelay", tcp.nodelay);
  if (const auto keepalive = map.find("keepalive")) read_keepalive(*keepalive, tcp.keepalive);
  map.finish({"user_timeout", "fast_open"});
}

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

void read_connect(const Value& value, ConnectConfig& connect) {
  MapReader map(value);
  if (const auto timeout = map.find("timeout")) {
    milliseconds read = connect.timeout;
    timeout->read(read, kNoLimit);
    if (read == kNoLimit) {
      timeout->fail("connecting is always bounded; write a timeout such as 5s");
    } else {
      connect.timeout = read;
    }
  }
  map.read("attempts", connect.attempts, 1u, 1000u);
  map.read("delay", connect.delay, kNoLimit);
  map.finish();
}

void read_server(const Value& value, BackendConfig& backend) {
  MapReader map(value);
  if (const auto address = map.require("address", "the server's HOST:PORT")) {
    address->read(backend.address, AddressUse::target);
  }
  map.finish({"weight", "max_connections", "backup", "dns", "record"});
}

void read_upstream(const Value& value, UpstreamConfig& upstream, Definitions& names) {
  MapReader map(value);
  read_name(map, "upstream", upstream.name, names);
  if (const auto balance = map.find("balance")) {
    balance->read_choice(upstream.balance, {{"round_robin", UpstreamConfig::Balance::round_robin}});
  }
  if (const auto servers = map.require("servers", "[{address: \"127.0.0.1:5432\"}]")) {
    if (!servers->is(YamlNode::Kind::sequence)) {
      servers->fail("must be a list of servers; write [{address: \"127.0.0.1:5432\"}]");
    } else if (servers->node().items.empty()) {
      servers->fail("is an empty list; write [{address: \"127.0.0.1:5432\"}]");
    }
    for (const Value& server : servers->items()) read_server(server, upstream.servers.emplace_back());
  }
  if (const auto connect = map.find("connect")) read_connect(*connect, upstream.connect);
  if (const auto tcp = map.find("tcp")) read_tcp(*tcp, upstream.tcp);
  map.finish({"queue", "health", "eject", "slow_start", "send_proxy_protocol", "bind_source", "on_down"});
}

struct ListenerContext {
  const TimeoutsConfig& default_timeouts;
  const std::vector<std::string_view>& upstreams;
  Definitions names;
  Definitions bound;
};

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

void read_workers(const Value& value, std::optional<std::uint32_t>& workers) {
  if (value.is(YamlNode::Kind::scalar) && value.node().scalar == "auto") return workers.reset();
  if (!value.node().plain || value.node().scalar.find_first_not_of("0123456789") != std::string::npos) {
    const std::string what = value.is(YamlNode::Kind::scalar) ? in_quotes(value.node().scalar) + " is wrong"
                             : value.is(YamlNode::Kind::null) ? "has no value"
                                                              : std::string("is ") + value.node().kind_name();
    return value.fail(what + "; write auto, or a whole number from 1 to 1024");
  }
  std::uint32_t number = 0;
  value.read(number, 1, 1024);
  workers = number;
}

}  // namespace

ServerConfig read_config(const YamlNode& root, Problems& problems) {
  ServerConfig config;
  const Value document(root, root.position, "", problems);
  MapReader map(document);
  if (const auto workers = map.find("workers")) read_workers(*workers, config.workers);
  map.read("drain_timeout", config.drain_timeout, kNoLimit);
  if (const auto log = map.find("log")) read_log(*log, config.log);
  if (const auto access_log = map.find("access_log")) read_access_log(*access_log, config.access_log);
  if (const auto limits = map.find("limits")) read_limits(*limits, config.limits);
  if (const auto defaults = map.find("defaults")) {
    MapReader section(*defaults);
    if (const auto timeouts = section.find("timeouts")) read_timeouts(*timeouts, config.default_timeouts);
    section.finish();
  }

  // Asked for in the order in which people know them; upstreams are read first, because listeners name them.
  const std::optional<Value> listeners = map.find("listeners");
  const std::optional<Value> upstreams = map.find("upstreams");
  Definitions upstream_names;
  if (upstreams) {
    if (!upstreams->is(YamlNode::Kind::sequence) && !upstreams->is(YamlNode::Kind::null)) {
      upstreams->fail(std::string("is ") + upstreams->node().kind_name() + ", but must be a list of upstreams");
    }
    for (const Value& item : upstreams->items()) read_upstream(item, config.upstreams.emplace_back(), upstream_names);
  }
  std::vector<std::string_view> known_upstreams;
  for (const auto& [name, position] : upstream_names) known_upstreams.push_back(name);

  const bool none = !listeners || listeners->is(YamlNode::Kind::null) ||
                    (listeners->is(YamlNode::Kind::sequence) && listeners->node().items.empty());
  if (none && (document.is(YamlNode::Kind::map) || document.is(YamlNode::Kind::null))) {
    problems.add(listeners ? listeners->position() : Position{root.position.origin, 0, 0}, "listeners",
                 std::string("at least one listener is needed; write listeners: [") + kListenerExample + "]");
  } else if (listeners) {
    if (!listeners->is(YamlNode::Kind::sequence)) {
      listeners->fail(std::string("is ") + listeners->node().kind_name() + ", but must be a list; write [" +
                      kListenerExample + "]");
    }
    ListenerContext context{config.default_timeouts, known_upstreams, {}, {}};
    for (const Value& item : listeners->items()) read_listener(item, config.listeners.emplace_back(), context);
  }
  map.finish({"drain_announce", "drain_spread", "admin", "dns", "relay"});
  return config;
}

}  // namespace weir
