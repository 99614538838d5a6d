#include "server/config/upstream_schema.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string>

#include "common/endpoint.hpp"
#include "common/escapes.hpp"
#include "common/printable.hpp"
#include "server/config/dns_schema.hpp"

namespace weir {
namespace {

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
  if (const auto abort_on = map.find("abort_on")) {
    using AbortOn = ConnectConfig::AbortOn;
    abort_on->read_choice(connect.abort_on, {{"reset", AbortOn::reset}, {"close", AbortOn::close}});
  }
  map.finish();
}

void read_queue(const Value& value, QueueConfig& queue) {
  MapReader map(value);
  map.read("size", queue.size, 0u, 1'000'000'000u);
  map.read("timeout", queue.timeout, kNoLimit);
  map.finish();
}

void read_bytes(MapReader& map, const char* key, std::string& bytes) {
  const auto value = map.find(key);
  if (!value) return;
  std::string text = bytes;
  value->read(text);
  try {
    bytes = unescape(text);
  } catch (const std::invalid_argument& error) {
    value->fail(error.what());
  }
}

void read_health(const Value& value, std::optional<HealthConfig>& health) {
  HealthConfig& read = health.emplace();
  MapReader map(value);
  map.read("interval", read.interval, milliseconds(1));
  map.read("timeout", read.timeout, milliseconds(1));
  map.read("fall", read.fall, 1u, 1000u);
  map.read("rise", read.rise, 1u, 1000u);
  read_bytes(map, "send", read.send);
  read_bytes(map, "expect", read.expect);
  map.finish();
}

void read_eject(const Value& value, EjectConfig& eject) {
  MapReader map(value);
  map.read("failures", eject.failures, 0u, 1'000'000u);
  map.read("for", eject.duration, milliseconds(1));
  map.finish();
}

void read_server(const Value& value, BackendConfig& backend) {
  MapReader map(value);
  const auto dns = map.find("dns");
  const auto address = map.find("address");
  if (dns) {
    read_dns_name(map, *dns, backend.dns.emplace());
    if (address) address->fail("a server has an address or a dns name, but this one has both; keep one of them");
  } else if (address) {
    address->read(backend.address, AddressUse::target, Ports::range);
  } else if (value.is(YamlNode::Kind::map) || value.is(YamlNode::Kind::null)) {
    value.fail(
        "has no address; add address: HOST:PORT, or dns: NAME:PORT for a name that is looked up again and again");
  }
  if (const auto weight = map.find("weight")) {
    weight->read(backend.weight, 1u, 1000u);
    if (backend.dns && backend.dns->record == DnsName::Record::srv) {
      weight->fail("SRV records say the weights themselves; remove it");
    }
  }
  map.read("max_connections", backend.max_connections, 0u, 1'000'000'000u);
  map.read("backup", backend.backup);
  if (!dns) {
    if (const auto record = map.find("record"))
      record->fail("is for a dns name; write dns: NAME:PORT in place of the address");
  }
  map.finish();
}

/// The family of a literal address; a name's is known when it is resolved.
int family_of(const Address& address) {
  if (address.is_unix()) return AF_UNIX;
  if (address.bracketed) return AF_INET6;
  return is_ipv4_address(address.host) ? AF_INET : AF_UNSPEC;
}

bool is_v6(std::string_view source) { return source.find(':') != std::string_view::npos; }

/// Why nothing can connect from an address, whichever machine it is; empty where it can.
std::string why_no_source(const std::string& text) {
  if (!is_ip_address(text)) return "is no IP address; write one without a port, as 192.0.2.1 or 2001:db8::1";
  in_addr v4{};
  if (::inet_pton(AF_INET, text.c_str(), &v4) == 1) {
    return IN_MULTICAST(ntohl(v4.s_addr)) ? "is a multicast address, which nothing connects from" : "";
  }
  in6_addr v6{};
  ::inet_pton(AF_INET6, text.substr(0, text.find('%')).c_str(), &v6);
  if (IN6_IS_ADDR_MULTICAST(&v6)) return "is a multicast address, which nothing connects from";
  if (IN6_IS_ADDR_V4MAPPED(&v6)) return "is an IPv4 address in IPv6 form; write it as 192.0.2.1";
  if (IN6_IS_ADDR_LINKLOCAL(&v6) && text.find('%') == std::string::npos) {
    return "is the address of a link, and needs its interface; write " + text + "%eth0";
  }
  return "";
}

void read_sources(const Value& value, UpstreamConfig& upstream) {
  const bool list = value.is(YamlNode::Kind::sequence);
  const std::size_t before = value.problems().count();
  for (const Value& item : list ? value.items() : std::vector<Value>{value}) {
    const auto text = item.text("a local IP address such as 192.0.2.1");
    if (!text) continue;
    const auto& known = upstream.bind_source;
    if (const std::string why = why_no_source(*text); !why.empty()) {
      item.fail(in_quotes(*text) + " " + why);
    } else if (std::find(known.begin(), known.end(), *text) != known.end()) {
      item.fail(in_quotes(*text) + " stands here already; remove it");
    } else {
      upstream.bind_source.push_back(*text);
    }
  }
  if (upstream.bind_source.empty() || value.problems().count() != before) return;
  for (const int family : {AF_INET, AF_INET6}) {
    const bool has_source =
        std::any_of(upstream.bind_source.begin(), upstream.bind_source.end(),
                    [&](const std::string& source) { return is_v6(source) == (family == AF_INET6); });
    for (const BackendConfig& server : upstream.servers) {
      if (has_source || family_of(server.address) != family) continue;
      return value.fail(std::string("has no ") + (family == AF_INET ? "IPv4" : "IPv6") + " address, which server " +
                        server.address.to_string() + " needs; add one");
    }
  }
}

/// Data in a SYN can't be taken back: a try at the next server would send it a second time.
void read_upstream_tcp(const Value& value, TcpConfig& tcp) {
  read_tcp(value, tcp);
  if (tcp.fast_open == 0) return;
  tcp.fast_open = 0;
  if (const auto fast_open = MapReader(value).find("fast_open")) {
    fast_open->fail(
        "is for listeners alone, because data sent with a SYN could reach two servers; write 0 or remove it");
  }
}

}  // namespace

void read_upstream(const Value& value, UpstreamConfig& upstream, Definitions& names) {
  MapReader map(value);
  read_name(map, "upstream", upstream.name, names);
  if (const auto balance = map.find("balance")) {
    using Balance = UpstreamConfig::Balance;
    balance->read_choice(upstream.balance, {{"round_robin", Balance::round_robin},
                                            {"least_connections", Balance::least_connections},
                                            {"random_two", Balance::random_two},
                                            {"source_hash", Balance::source_hash}});
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
  if (const auto queue = map.find("queue")) read_queue(*queue, upstream.queue);
  if (const auto health = map.find("health")) read_health(*health, upstream.health);
  if (const auto eject = map.find("eject")) read_eject(*eject, upstream.eject);
  map.read("slow_start", upstream.slow_start, kNoLimit);
  if (const auto tcp = map.find("tcp")) read_upstream_tcp(*tcp, upstream.tcp);
  if (const auto on_down = map.find("on_down")) {
    using OnDown = UpstreamConfig::OnDown;
    on_down->read_choice(upstream.on_down, {{"keep", OnDown::keep}, {"reset", OnDown::reset}});
  }
  if (const auto version = map.find("send_proxy_protocol")) {
    version->read_choice(upstream.send_proxy_protocol,
                         {{"off", ProxyVersion::none}, {"v1", ProxyVersion::v1}, {"v2", ProxyVersion::v2}});
  }
  if (const auto sources = map.find("bind_source")) read_sources(*sources, upstream);
  map.finish();
}

}  // namespace weir
