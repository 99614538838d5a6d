#include <fmt/format.h>
#include <yaml-cpp/emitter.h>
#include <yaml-cpp/emittermanip.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/escapes.hpp"
#include "common/units.hpp"
#include "server/config/config_loader.hpp"

namespace weir {
namespace {

/// Text is always quoted, so that no name or path can turn into a number, a boolean or a null.
void put_text(YAML::Emitter& out, const char* key, std::string_view text) {
  out << YAML::Key << key << YAML::Value << YAML::DoubleQuoted << std::string(text);
}

void put_word(YAML::Emitter& out, const char* key, std::string_view word) {
  out << YAML::Key << key << YAML::Value << std::string(word);
}

void put(YAML::Emitter& out, const char* key, std::chrono::microseconds duration) {
  put_word(out, key, format_duration(duration));
}

void begin(YAML::Emitter& out, const char* key) { out << YAML::Key << key << YAML::Value << YAML::BeginMap; }

std::string_view name(LogLevel level) {
  switch (level) {
    case LogLevel::trace:
      return "trace";
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
    case LogLevel::off:
      return "off";
  }
  return "";
}

std::string_view name(LogFormat format) { return format == LogFormat::json ? "json" : "text"; }
std::string_view name(RelayConfig::Splice splice) {
  switch (splice) {
    case RelayConfig::Splice::automatic:
      return "auto";
    case RelayConfig::Splice::always:
      return "always";
    case RelayConfig::Splice::never:
      return "never";
  }
  return "";
}

std::string_view name(UpstreamConfig::Balance balance) {
  switch (balance) {
    case UpstreamConfig::Balance::round_robin:
      return "round_robin";
    case UpstreamConfig::Balance::least_connections:
      return "least_connections";
    case UpstreamConfig::Balance::random_two:
      return "random_two";
    case UpstreamConfig::Balance::source_hash:
      return "source_hash";
  }
  return "";
}

std::string_view name(ListenerConfig::ProxyHeaders headers) {
  switch (headers) {
    case ListenerConfig::ProxyHeaders::off:
      return "off";
    case ListenerConfig::ProxyHeaders::optional:
      return "optional";
    case ListenerConfig::ProxyHeaders::required:
      return "required";
  }
  return "";
}

std::string_view name(ProxyVersion version) {
  switch (version) {
    case ProxyVersion::none:
      return "off";
    case ProxyVersion::v1:
      return "v1";
    case ProxyVersion::v2:
      return "v2";
  }
  return "";
}

std::string_view name(bool value) { return value ? "true" : "false"; }

template <typename Number>
std::string number_or_auto(const std::optional<Number>& number) {
  return number ? std::to_string(*number) : "auto";
}

void put_timeouts(YAML::Emitter& out, const TimeoutsConfig& timeouts) {
  begin(out, "timeouts");
  put(out, "idle", timeouts.idle);
  put(out, "half_close", timeouts.half_close);
  put(out, "lifetime", timeouts.lifetime);
  put(out, "header", timeouts.header);
  out << YAML::EndMap;
}

void put_tcp(YAML::Emitter& out, const TcpConfig& tcp) {
  begin(out, "tcp");
  put_word(out, "nodelay", name(tcp.nodelay));
  if (!tcp.keepalive.enabled) {
    put_word(out, "keepalive", "off");
  } else {
    begin(out, "keepalive");
    // Bounded by 32767s, and read as whole seconds.
    put(out, "idle", tcp.keepalive.idle);
    put(out, "interval", tcp.keepalive.interval);
    put_word(out, "count", std::to_string(tcp.keepalive.count));
    out << YAML::EndMap;
  }
  put(out, "user_timeout", tcp.user_timeout);
  put_word(out, "fast_open", std::to_string(tcp.fast_open));
  out << YAML::EndMap;
}

void put_source_limits(YAML::Emitter& out, std::uint32_t per_source, const Rate& rate, const Rate& rate_per_source) {
  put_word(out, "per_source", std::to_string(per_source));
  put_word(out, "rate", format_rate(rate));
  put_word(out, "rate_per_source", format_rate(rate_per_source));
}

void put_texts(YAML::Emitter& out, const char* key, const std::vector<std::string>& texts) {
  out << YAML::Key << key << YAML::Value << YAML::Flow << YAML::BeginSeq;
  for (const std::string& text : texts) out << YAML::DoubleQuoted << text;
  out << YAML::EndSeq;
}

void put_service(YAML::Emitter& out, const ServiceConfig& service) {
  if (const auto* echo = std::get_if<EchoConfig>(&service)) {
    begin(out, "echo");
    put_word(out, "transform", echo->transform == EchoConfig::Transform::upper ? "upper" : "none");
  } else if (const auto* proxy = std::get_if<ProxyConfig>(&service)) {
    begin(out, "proxy");
    put_text(out, "upstream", proxy->upstream);
  } else {
    begin(out, "discard");
  }
  out << YAML::EndMap;
}

void put_unix(YAML::Emitter& out, const UnixConfig& unix_socket) {
  begin(out, "unix");
  put_text(out, "mode", fmt::format("{:04o}", unix_socket.mode));
  put_text(out, "owner", unix_socket.owner);
  put_text(out, "group", unix_socket.group);
  out << YAML::EndMap;
}

void put_listener(YAML::Emitter& out, const ListenerConfig& listener) {
  out << YAML::BeginMap;
  put_text(out, "name", listener.name);
  out << YAML::Key << "bind" << YAML::Value << YAML::BeginSeq;
  for (const Address& address : listener.bind) out << YAML::DoubleQuoted << address.to_string();
  out << YAML::EndSeq;
  put_service(out, listener.service);
  put_word(out, "accept_proxy_protocol", name(listener.accept_proxy_protocol));
  put_texts(out, "trusted", listener.trusted);
  begin(out, "limits");
  put_word(out, "connections", std::to_string(listener.limits.connections));
  put_source_limits(out, listener.limits.per_source, listener.limits.rate, listener.limits.rate_per_source);
  out << YAML::EndMap;
  put_texts(out, "allow", listener.access.allow);
  put_texts(out, "deny", listener.access.deny);
  put_text(out, "allow_file", listener.access.allow_file);
  put_text(out, "deny_file", listener.access.deny_file);
  if (listener.has_socket_file()) put_unix(out, listener.unix_socket);
  put_timeouts(out, listener.timeouts);
  put_tcp(out, listener.tcp);
  out << YAML::EndMap;
}

void put_dns_name(YAML::Emitter& out, const DnsName& dns) {
  const bool srv = dns.record == DnsName::Record::srv;
  put_text(out, "dns", srv ? dns.name : dns.name + ":" + std::to_string(dns.port));
  put_word(out, "record", srv ? "srv" : "a");
}

void put_upstream(YAML::Emitter& out, const UpstreamConfig& upstream) {
  out << YAML::BeginMap;
  put_text(out, "name", upstream.name);
  put_word(out, "balance", name(upstream.balance));
  out << YAML::Key << "servers" << YAML::Value << YAML::BeginSeq;
  for (const BackendConfig& server : upstream.servers) {
    out << YAML::BeginMap;
    if (server.dns) {
      put_dns_name(out, *server.dns);
    } else {
      put_text(out, "address", server.address.to_string());
    }
    // SRV records say the weights themselves.
    if (!server.dns || server.dns->record == DnsName::Record::a) put_word(out, "weight", std::to_string(server.weight));
    put_word(out, "max_connections", std::to_string(server.max_connections));
    put_word(out, "backup", name(server.backup));
    out << YAML::EndMap;
  }
  out << YAML::EndSeq;
  begin(out, "connect");
  put(out, "timeout", upstream.connect.timeout);
  put_word(out, "attempts", std::to_string(upstream.connect.attempts));
  put(out, "delay", upstream.connect.delay);
  put_word(out, "abort_on", upstream.connect.abort_on == ConnectConfig::AbortOn::close ? "close" : "reset");
  out << YAML::EndMap;
  begin(out, "queue");
  put_word(out, "size", std::to_string(upstream.queue.size));
  put(out, "timeout", upstream.queue.timeout);
  out << YAML::EndMap;
  if (upstream.health) {
    begin(out, "health");
    put(out, "interval", upstream.health->interval);
    put(out, "timeout", upstream.health->timeout);
    put_word(out, "fall", std::to_string(upstream.health->fall));
    put_word(out, "rise", std::to_string(upstream.health->rise));
    put_text(out, "send", escape(upstream.health->send));
    put_text(out, "expect", escape(upstream.health->expect));
    out << YAML::EndMap;
  }
  begin(out, "eject");
  put_word(out, "failures", std::to_string(upstream.eject.failures));
  put(out, "for", upstream.eject.duration);
  out << YAML::EndMap;
  put(out, "slow_start", upstream.slow_start);
  put_texts(out, "bind_source", upstream.bind_source);
  put_tcp(out, upstream.tcp);
  put_word(out, "send_proxy_protocol", name(upstream.send_proxy_protocol));
  put_word(out, "on_down", upstream.on_down == UpstreamConfig::OnDown::reset ? "reset" : "keep");
  out << YAML::EndMap;
}

}  // namespace

std::string dump_config(const ServerConfig& config) {
  YAML::Emitter out;
  out << YAML::BeginMap;
  put_word(out, "workers", number_or_auto(config.workers));
  put(out, "drain_timeout", config.drain_timeout);
  begin(out, "log");
  put_word(out, "level", name(config.log.level));
  put_word(out, "format", name(config.log.format));
  put_text(out, "file", config.log.file);
  out << YAML::EndMap;
  begin(out, "access_log");
  put_word(out, "enabled", name(config.access_log.enabled));
  put_word(out, "format", name(config.access_log.format));
  put_text(out, "file", config.access_log.file);
  put_word(out, "sample", std::to_string(config.access_log.sample));
  out << YAML::EndMap;
  begin(out, "relay");
  put_word(out, "splice", name(config.relay.splice));
  out << YAML::EndMap;
  begin(out, "dns");
  std::vector<std::string> resolvers;
  for (const Endpoint& server : config.dns.servers) resolvers.push_back(server.to_string());
  put_texts(out, "servers", resolvers);
  put(out, "min_ttl", config.dns.min_ttl);
  put(out, "max_ttl", config.dns.max_ttl);
  out << YAML::EndMap;
  begin(out, "limits");
  put_word(out, "connections", number_or_auto(config.limits.connections));
  put_source_limits(out, config.limits.per_source, config.limits.rate, config.limits.rate_per_source);
  put_word(out, "backlog", std::to_string(config.limits.backlog));
  out << YAML::EndMap;
  begin(out, "defaults");
  put_timeouts(out, config.default_timeouts);
  out << YAML::EndMap;
  out << YAML::Key << "listeners" << YAML::Value << YAML::BeginSeq;
  for (const ListenerConfig& listener : config.listeners) put_listener(out, listener);
  out << YAML::EndSeq;
  out << YAML::Key << "upstreams" << YAML::Value << YAML::BeginSeq;
  for (const UpstreamConfig& upstream : config.upstreams) put_upstream(out, upstream);
  out << YAML::EndSeq << YAML::EndMap;
  return std::string(out.c_str()) + "\n";
}

}  // namespace weir
