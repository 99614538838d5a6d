#include "server/config/dns_schema.hpp"

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

#include "common/printable.hpp"
#include "common/units.hpp"

namespace weir {
namespace {

constexpr std::uint16_t kDnsPort = 53;
constexpr const char* kServerForm = "write the address of a resolver: 10.0.0.2, 10.0.0.2:5353 or [fd00::2]:53";

/// Of the brackets that an IPv6 address may stand in without a port.
std::string without_brackets(const std::string& text) {
  return text.starts_with('[') && text.ends_with(']') ? text.substr(1, text.size() - 2) : text;
}

void read_server(const Value& value, std::vector<Endpoint>& servers) {
  const std::optional<std::string> text = value.text("the address of a resolver such as 10.0.0.2");
  if (!text) return;
  try {
    const std::string alone = without_brackets(*text);
    const bool has_port = !is_ip_address(alone);
    const Address address = has_port ? parse_address(*text, AddressUse::target) : Address{};
    const std::string& host = has_port ? address.host : alone;
    const bool scoped = host.find('%') != std::string::npos;  // which c-ares refuses
    if (scoped || !is_ip_address(host)) return value.fail(in_quotes(*text) + " is not an address; " + kServerForm);
    Endpoint server = ip_endpoint(host);
    server.set_port(has_port ? address.port : kDnsPort);
    servers.push_back(server);
  } catch (const std::invalid_argument&) {
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
  if (address.is_unix() || address.bracketed || is_ipv4_address(address.host)) {
    return dns.fail(in_quotes(*text) + " is an address and no name; write address: \"" + *text + "\"");
  }
  name.name = address.host;
  name.port = address.port;
}

}  // namespace weir
