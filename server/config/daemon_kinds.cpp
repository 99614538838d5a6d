#include "server/config/daemon_kinds.hpp"

#include <stdexcept>

#include "common/printable.hpp"
#include "common/units.hpp"
#include "server/config/section_kinds.hpp"
#include "server/config/value_kinds.hpp"

namespace weir {
namespace {

constexpr std::uint16_t kDnsPort = 53;
constexpr const char* kResolverForm = "write the address of a resolver: 10.0.0.2, 10.0.0.2:5353 or [fd00::2]:53";

/// Of the brackets that an IPv6 address may stand in without a port.
std::string without_brackets(const std::string& text) {
  return text.starts_with('[') && text.ends_with(']') ? text.substr(1, text.size() - 2) : text;
}

void read_resolver(const Value& value, std::vector<Endpoint>& resolvers) {
  const std::optional<std::string> text = value.text("the address of a resolver such as 10.0.0.2");
  if (!text) return;
  try {
    const std::string alone = without_brackets(*text);
    const bool has_port = !is_ip_address(alone);
    const Address address = has_port ? parse_address(*text, AddressUse::target) : Address{};
    const std::string& host = has_port ? address.host : alone;
    const bool scoped = host.find('%') != std::string::npos;  // which c-ares refuses
    if (scoped || !is_ip_address(host)) return value.fail(in_quotes(*text) + " is not an address; " + kResolverForm);
    Endpoint resolver = ip_endpoint(host);
    resolver.set_port(has_port ? address.port : kDnsPort);
    resolvers.push_back(resolver);
  } catch (const std::invalid_argument&) {
    value.fail(in_quotes(*text) + " is not an address; " + kResolverForm);
  }
}

}  // namespace

void Workers::read(const Value& value, std::optional<std::uint32_t>& workers, Reading& reading) const {
  if (value.is(YamlNode::Kind::scalar) && value.node().scalar == "auto") return workers.reset();
  if (!value.node().plain || value.node().scalar.find_first_not_of("0123456789") != std::string::npos) {
    const std::string what = value.is(YamlNode::Kind::scalar) ? in_quotes(value.node().scalar) + " is wrong"
                             : value.is(YamlNode::Kind::null) ? "has no value"
                                                              : std::string("is ") + value.node().kind_name();
    return value.fail(what + "; write auto, or a whole number from " + std::to_string(kLeast) + " to " +
                      std::to_string(kMost));
  }
  std::uint32_t number = 0;
  WholeNumber{kLeast, kMost}.read(value, number, reading);
  workers = number;
}

void Workers::dump(TreeWriter& out, const std::optional<std::uint32_t>& workers) const {
  out.plain(workers ? std::to_string(*workers) : "auto");
}

void ConnectionsOrAuto::read(const Value& value, std::optional<std::uint64_t>& connections, Reading&) const {
  const std::string right = "auto, or a number of connections (0 for no limit)";
  const std::optional<std::string> text = value.text(right);
  if (!text) return;
  if (*text == "auto") return connections.reset();
  try {
    connections = parse_count(*text);
  } catch (const std::invalid_argument&) {
    value.fail(in_quotes(*text) + " is not a limit; write " + right);
  }
}

void ConnectionsOrAuto::dump(TreeWriter& out, const std::optional<std::uint64_t>& connections) const {
  out.plain(connections ? std::to_string(*connections) : "auto");
}

void LogFile::read(const Value& value, std::string& file, Reading&) const {
  if (const auto text = value.text("a text")) file = *text;
  if (file.empty()) {
    value.fail("is empty; write a path, or \"-\" for stderr");
  } else if (has_control(file)) {
    value.fail(in_quotes(file) + " holds a control character; write a path, or \"-\" for stderr");
  }
}

void LogFile::dump(TreeWriter& out, const std::string& file) const { dump_text(out, file); }

void Resolvers::read(const Value& value, std::vector<Endpoint>& resolvers, Reading&) const {
  if (!value.is(YamlNode::Kind::sequence)) {
    return value.fail("must be a list of resolvers; write [10.0.0.2], or [] for the system's");
  }
  for (const Value& item : value.items()) read_resolver(item, resolvers);
}

void Resolvers::dump(TreeWriter& out, const std::vector<Endpoint>& resolvers) const {
  std::vector<std::string> texts;
  for (const Endpoint& resolver : resolvers) texts.push_back(resolver.to_string());
  dump_texts(out, texts);
}

void check_ttls(MapReader& map, const DnsConfig& dns, Reading&) {
  if (dns.max_ttl >= dns.min_ttl) return;
  map.map().fail("max_ttl " + format_duration(dns.max_ttl) + " is shorter than min_ttl " +
                 format_duration(dns.min_ttl) + "; make it the longer one");
}

void check_drain_spread(MapReader& map, const ServerConfig& config, Reading&) {
  const std::optional<Value> spread = map.find("drain_spread");
  if (!spread || config.drain_spread <= config.drain_timeout) return;
  spread->fail(format_duration(config.drain_spread) + " is longer than drain_timeout " +
               format_duration(config.drain_timeout) + ", whose last part it is; make it shorter");
}

void check_listeners(MapReader& map, const ServerConfig&, Reading&) {
  const Value& document = map.map();
  const std::optional<Value> listeners = map.find("listeners");
  const bool none = !listeners || listeners->is(YamlNode::Kind::null) ||
                    (listeners->is(YamlNode::Kind::sequence) && listeners->node().items.empty());
  if (!none || (!document.is(YamlNode::Kind::map) && !document.is(YamlNode::Kind::null))) return;
  document.problems().add(listeners ? listeners->position() : Position{document.node().position.origin, 0, 0},
                          "listeners",
                          "at least one listener is needed; write listeners: " + std::string(kListenerExample));
}

}  // namespace weir
