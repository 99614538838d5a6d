#include "server/config/config_schema.hpp"

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "common/printable.hpp"
#include "common/units.hpp"
#include "server/config/dns_schema.hpp"
#include "server/config/listener_schema.hpp"
#include "server/config/section_schema.hpp"
#include "server/config/upstream_schema.hpp"
#include "server/config/value_reader.hpp"

namespace weir {
namespace {

constexpr const char* kListenerExample = "{name: echo, bind: \"127.0.0.1:7000\", echo: {}}";

/// `format` and `file`, which the log and the access log have in common.
void read_destination(MapReader& map, LogFormat& format, std::string& file) {
  if (const auto value = map.find("format")) {
    value->read_choice(format, {{"text", LogFormat::text}, {"json", LogFormat::json}});
  }
  if (const auto value = map.find("file")) {
    value->read(file);
    if (file.empty()) {
      value->fail("is empty; write a path, or \"-\" for stderr");
    } else if (has_control(file)) {
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

void read_relay(const Value& value, RelayConfig& relay) {
  using Splice = RelayConfig::Splice;
  MapReader map(value);
  if (const auto splice = map.find("splice")) {
    splice->read_choice(relay.splice,
                        {{"auto", Splice::automatic}, {"always", Splice::always}, {"never", Splice::never}});
  }
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
  read_source_limits(map, limits.per_source, limits.rate, limits.rate_per_source);
  map.finish();
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
  if (const auto relay = map.find("relay")) read_relay(*relay, config.relay);
  if (const auto dns = map.find("dns")) read_dns(*dns, config.dns);
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
    ListenerContext context{config.default_timeouts, known_upstreams, config.upstreams, {}, {}};
    for (const Value& item : listeners->items()) read_listener(item, config.listeners.emplace_back(), context);
  }
  map.finish({"drain_announce", "drain_spread", "admin"});
  return config;
}

}  // namespace weir
