#include "server/config/dns_schema.hpp"

#include <arpa/inet.h>

#include <optional>
#include <stdexcept>
#include <string>

#include "common/printable.hpp"
#include "common/units.hpp"

namespace weir {
namespace {

constexpr const char* kServerForm = "write the address of a resolver: 10.0.0.2, 10.0.0.2:5353 or [fd00::2]:53";

bool is_ipv4(const std::string& host) {
  in_addr parsed{};
  return ::inet_pton(AF_INET, host.c_str(), &parsed) == 1;
}

bool is_ipv6(const std::string& host) {
  in6_addr parsed{};
  return ::inet_pton(AF_INET6, host.c_str(), &parsed) == 1;
}

void read_server(const Value& value, std::vector<Endpoint>& servers) {
  const std::optional<std::string> text = value.text("the address of a resolver such as 10.0.0.2");
  if (!text) return;
  const std::string with_port = is_ipv4(*text)         ? *text + ":53"
                                : is_ipv6(*text)       ? "[" + *text + "]:53"
                                : text->ends_with(']') ? *text + ":53"
                                                       : *text;
  try {
    const Address address = parse_address(with_port, AddressUse::target);
    const bool scoped = address.host.find('%') != std::string::npos;  // which c-ares refuses
    if (address.is_unix() || scoped || !(address.bracketed || is_ipv4(address.host))) {
      return value.fail(in_quotes(*text) + " is not an address; " + kServerForm);
    }
    servers.push_back(resolve(address, AddressUse::target).front());
  } catch (const std::exception&) {
    value.fail(in_quotes(*text) + " is not an address; " + kServerForm);
  }
}

/// A name that has no port beside it, for SRV records.
void read_service_name(const Value& value, const std::string& text, DnsName& name) {
  if (text.find(':') != std::string::npos) {
    return value.fail("has a port, but SRV records say the port themselves; write " + text.substr(0, text.find(':')));
  }
  try {
    name.name = parse_address(text + ":1", AddressUse::target).host;
  } catch (const std::invalid_argument&) {
    value.fail(in_quotes(text) + " is not a name; write _postgres._tcp.example.com");
  }
}

}  // namespace

void read_dns(const Value& value, DnsConfig& dns) {
  MapReader map(value);
  if (const auto servers = map.find("servers")) {
    if (servers->is(YamlNode::Kind::sequence)) {
      for (const Value& item : servers->items()) read_server(item, dns.servers);
    } else {
      servers->fail("must be a list of resolvers; write [10.0.0.2], or [] for the system's");
    }
  }
  map.read("min_ttl", dns.min_ttl, milliseconds(10));
  map.read("max_ttl", dns.max_ttl, milliseconds(10));
  if (dns.max_ttl < dns.min_ttl) {
    value.fail("max_ttl " + format_duration(dns.max_ttl) + " is shorter than min_ttl " + format_duration(dns.min_ttl) +
               "; make it the longer one");
  }
  map.finish();
}

void read_dns_name(MapReader& map, const Value& dns, DnsName& name) {
  using Record = DnsName::Record;
  if (const auto record = map.find("record")) {
    record->read_choice(name.record, {{"a", Record::a}, {"srv", Record::srv}});
  }
  const std::optional<std::string> text =
      dns.text(name.record == Record::srv ? "a name such as _postgres._tcp.example.com"
                                          : "a name with a port such as db.internal:5432");
  if (!text) return;
  if (name.record == Record::srv) return read_service_name(dns, *text, name);
  Address address;
  dns.read(address, AddressUse::target);
  if (address.host.empty()) return;
  if (address.is_unix() || address.bracketed || is_ipv4(address.host)) {
    return dns.fail(in_quotes(*text) + " is an address and no name; write address: \"" + *text + "\"");
  }
  name.name = address.host;
  name.port = address.port;
}

}  // namespace weir
