#include "server/config/upstream_kinds.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string_view>

#include "common/endpoint.hpp"
#include "common/escapes.hpp"
#include "common/printable.hpp"
#include "server/config/value_kinds.hpp"

namespace weir {
namespace {

/// A name that has no port beside it, for SRV records.
void read_service_name(const Value& value, const std::string& text, DnsName& name) {
  if (text.find(':') != std::string::npos) {
    return value.fail("has a port, but SRV records contain the port; write " + text.substr(0, text.find(':')));
  }
  try {
    name.name = parse_address(text + ":1", AddressUse::target).host;
  } catch (const std::invalid_argument&) {
    value.fail(in_quotes(text) + " is not a name; write _postgres._tcp.example.com");
  }
}

void read_host_name(const Value& value, const std::string& text, DnsName& name) {
  try {
    const Address address = parse_address(text, AddressUse::target);
    if (address.is_unix() || address.bracketed || is_ipv4_address(address.host)) {
      return value.fail(in_quotes(text) + " is an address, not a name; write address: \"" + text + "\"");
    }
    name.name = address.host;
    name.port = address.port;
  } catch (const std::invalid_argument& error) {
    value.fail(error.what());
  }
}

void read_dns_name(const Value& value, DnsName& name) {
  const bool srv = name.record == DnsName::Record::srv;
  const std::optional<std::string> text =
      value.text(srv ? "a name such as _postgres._tcp.example.com" : "a name with a port such as db.internal:5432");
  if (text) srv ? read_service_name(value, *text, name) : read_host_name(value, *text, name);
}

void read_address(const Value& value, Address& address) {
  const std::optional<std::string> text = value.text("an address such as 127.0.0.1:5432");
  if (!text) return;
  try {
    address = parse_address(*text, AddressUse::target, Ports::range);
  } catch (const std::invalid_argument& error) {
    value.fail(error.what());
  }
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
  if (!is_ip_address(text)) return "is not an IP address; write one without a port, as 192.0.2.1 or 2001:db8::1";
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

void check_families(const Value& value, const UpstreamConfig& upstream) {
  for (const int family : {AF_INET, AF_INET6}) {
    const bool has_source =
        std::any_of(upstream.bind_source.begin(), upstream.bind_source.end(),
                    [&](const std::string& source) { return is_v6(source) == (family == AF_INET6); });
    for (const BackendConfig& backend : upstream.servers) {
      if (has_source || family_of(backend.address) != family) continue;
      return value.fail(std::string("has no ") + (family == AF_INET ? "IPv4" : "IPv6") + " address, which backend " +
                        backend.address.to_string() + " needs; add one");
    }
  }
}

}  // namespace

void BackendPlace::read(MapReader& map, BackendConfig& backend, Reading& reading) const {
  const std::optional<Value> dns = map.find("dns");
  const std::optional<Value> address = map.find("address");
  if (dns) {
    DnsName& name = backend.dns.emplace();
    if (const auto record = map.find("record")) Word{}.read(*record, name.record, reading);
    read_dns_name(*dns, name);
    if (address) address->fail("a backend has an address or a dns name, but this one has both; keep one of them");
  } else if (address) {
    read_address(*address, backend.address);
  } else if (map.map().is(YamlNode::Kind::map) || map.map().is(YamlNode::Kind::null)) {
    map.map().fail(
        "has no address; add address: HOST:PORT, or dns: NAME:PORT for a name that is looked up again and again");
  }
}

void BackendPlace::dump(TreeWriter& out, const BackendConfig& backend) const {
  if (!backend.dns) {
    out.key("address");
    return dump_text(out, backend.address.to_string());
  }
  const DnsName& dns = *backend.dns;
  out.key("dns");
  dump_text(out, dns.record == DnsName::Record::srv ? dns.name : dns.name + ":" + std::to_string(dns.port));
  out.key("record");
  Word{}.dump(out, dns.record);
}

bool has_own_weight(const BackendConfig& backend) { return !backend.dns || backend.dns->record == DnsName::Record::a; }

void ConnectTimeout::read(const Value& value, milliseconds& timeout, Reading& reading) const {
  milliseconds read = timeout;
  Duration{}.read(value, read, reading);
  if (read < kLeast) return value.fail("connecting is always bounded; write a timeout such as 5s");
  timeout = read;
}

void ConnectTimeout::dump(TreeWriter& out, milliseconds timeout) const { Duration{}.dump(out, timeout); }

void Bytes::read(const Value& value, std::string& bytes, Reading&) const {
  const std::optional<std::string> text = value.text("a text");
  if (!text) return;
  try {
    bytes = unescape(*text);
  } catch (const std::invalid_argument& error) {
    value.fail(error.what());
  }
}

void Bytes::dump(TreeWriter& out, const std::string& bytes) const { dump_text(out, escape(bytes)); }

void Sources::read(const Value& value, UpstreamConfig& upstream, Reading&) const {
  const std::size_t before = value.problems().count();
  std::vector<std::string>& sources = upstream.bind_source;
  for (const Value& item : value.items_or_self()) {
    const auto text = item.text("a local IP address such as 192.0.2.1");
    if (!text) continue;
    if (const std::string why = why_no_source(*text); !why.empty()) {
      item.fail(in_quotes(*text) + " " + why);
    } else if (std::find(sources.begin(), sources.end(), *text) != sources.end()) {
      item.fail(in_quotes(*text) + " is listed already; remove it");
    } else {
      sources.push_back(*text);
    }
  }
  if (!sources.empty() && value.problems().count() == before) check_families(value, upstream);
}

void Sources::dump(TreeWriter& out, const UpstreamConfig& upstream) const { dump_texts(out, upstream.bind_source); }

void check_weight(MapReader& map, const BackendConfig& backend, Reading&) {
  if (has_own_weight(backend)) return;
  if (const auto weight = map.find("weight")) weight->fail("SRV records contain the weights; remove it");
}

void check_record(MapReader& map, const BackendConfig& backend, Reading&) {
  if (backend.dns) return;
  if (const auto record = map.find("record")) {
    record->fail("is for a dns name; write dns: NAME:PORT in place of the address");
  }
}

void check_fast_open(MapReader& map, UpstreamConfig& upstream, Reading&) {
  if (upstream.tcp.fast_open == 0) return;
  upstream.tcp.fast_open = 0;
  const std::optional<Value> tcp = map.find("tcp");
  if (!tcp) return;
  if (const auto fast_open = MapReader(*tcp).find("fast_open")) {
    fast_open->fail(
        "is for listeners only, because data sent with a SYN could reach two backends; write 0 or remove it");
  }
}

}  // namespace weir
