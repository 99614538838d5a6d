// Every key of the configuration, from the tables of config_keys.hpp: a key without a case here, without a place in
// config/reference.yaml or without a description in docs/configuration.md fails.

#include "server/config/config_keys.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <regex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "server/config/config_diff.hpp"
#include "server/config/config_loader.hpp"
#include "server/config/yaml_document.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/server/config/key_list.hpp"
#include "tests/unit/server/config/reference_text.hpp"

namespace weir {
namespace {

using namespace std::chrono_literals;
using test::KeyInfo;
using test::KeyList;
using ::testing::IsEmpty;

const std::string& reference() { return test::reference_text(); }

/// A key of a YAML document.
struct Place {
  std::string path;  ///< `listeners.0.bind`
  const YamlEntry* entry;
};

void collect_places(const YamlNode& node, const std::string& prefix, std::vector<Place>& places) {
  for (std::size_t at = 0; at < node.items.size(); ++at) {
    collect_places(node.items[at], prefix + std::to_string(at) + ".", places);
  }
  for (const YamlEntry& entry : node.entries) {
    places.push_back({prefix + entry.key.scalar, &entry});
    collect_places(entry.value, prefix + entry.key.scalar + ".", places);
  }
}

/// `listeners.N.bind` of `listeners.0.bind`.
std::string without_indices(const std::string& path) {
  static const std::regex index("\\.[0-9]+\\.");
  return std::regex_replace(path, index, ".N.");
}

/// The first place of a key, `listeners.N.bind`, in a document; nothing where it has none.
std::optional<Place> find_place(const YamlNode& root, const std::string& key) {
  std::vector<Place> places;
  collect_places(root, "", places);
  for (Place& place : places) {
    if (without_indices(place.path) == key) return place;
  }
  return std::nullopt;
}

/// The text at a path of a document.
std::string value_at(const std::string& document, const std::string& path) {
  const YamlNode root = parse_yaml(document, "document");
  std::vector<Place> places;
  collect_places(root, "", places);
  for (const Place& place : places) {
    if (place.path == path) return place.entry->value.scalar;
  }
  return "nothing";
}

/// The reference with another value at a key; a section's lines go with it.
std::string reference_with(const Position& key, const std::string& name, const std::string& value) {
  std::istringstream lines(reference());
  std::string text;
  int number = 0;
  bool inside = false;
  const auto indent = static_cast<std::size_t>(key.column - 1);
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (number == key.line) {
      inside = true;
      text += line.substr(0, indent) + name + ": " + value + "\n";
      continue;
    }
    const std::size_t begin = line.find_first_not_of(' ');
    if (number > key.line && inside && begin != std::string::npos && begin <= indent) inside = false;
    if (!inside) text += line + "\n";
  }
  return text;
}

template <typename... Kinds>
std::vector<std::string_view> names_of(std::type_identity<std::variant<Kinds...>> /*all*/) {
  return {faults::kind_name(Kinds())...};
}

/// Of the faults of the reference, which has one of each kind.
const std::vector<std::string_view>& fault_names() {
  static const std::vector<std::string_view> names = names_of(std::type_identity<faults::Kind>());
  return names;
}

/// Each listener, fault and upstream goes by its name in paths.
std::string as_reported(const std::string& path) {
  std::string named = path;
  const std::vector<std::pair<std::string, std::string>> names{{"listeners.0.", "listeners.echo."},
                                                               {"listeners.1.", "listeners.discard."},
                                                               {"listeners.2.", "listeners.proxy."},
                                                               {"upstreams.0.", "upstreams.backend."}};
  for (const auto& [index, name] : names) {
    if (named.starts_with(index)) named = name + named.substr(index.size());
  }
  // Each fault of the reference is called as its kind.
  static const std::regex fault("(listeners\\.echo\\.faults\\.)([0-9]+)\\.(.*)");
  std::smatch parts;
  if (std::regex_match(named, parts, fault)) {
    named = parts[1].str() + std::string(fault_names().at(std::stoul(parts[2]))) + "." + parts[3].str();
  }
  return named;
}

/// The same of an item's name, without which the item goes by its index.
std::string without_its_name(const std::string& path) {
  const std::size_t index = path.rfind('.', path.rfind(".name") - 1) + 1;
  return as_reported(path.substr(0, index)) + path.substr(index);
}

std::vector<ConfigProblem> problems_of(const std::string& text, const std::vector<Override>& overrides = {}) {
  try {
    load_config_text(text, "f", overrides);
    return {};
  } catch (const ConfigError& error) {
    return error.problems();
  }
}

const std::string& token_file() {
  static const test::TempDir folder;
  static const std::string path = [] {
    const std::string file = folder.write("token", "secret\n");
    ::chmod(file.c_str(), 0600);
    return file;
  }();
  return path;
}

const std::string& ticket_key_file() {
  static const std::string path = [] {
    const std::string file = test::certificate_folder().write("tickets", std::string(160, '\1'));
    ::chmod(file.c_str(), 0640);
    return file;
  }();
  return path;
}

/// What the reference names, in other files, of which the first holds both.
const test::CertificateFiles& copies() {
  static const test::CertificateFiles files{
      test::certificate_folder().write("copy.pem", test::read_file(test::reference_certificate_file())),
      test::certificate_folder().write("copy.key", test::reference_certificate().key)};
  return files;
}

const std::string& authority_file() {
  static const std::string path = test::certificate_folder().write("ca.pem", test::reference_authority().certificate());
  return path;
}

const std::string& revocation_file() {
  static const std::string path = test::certificate_folder().write("crl.pem", test::reference_authority().revoke({}));
  return path;
}

/// What a key's value needs beside it, be it as right as can be.
std::vector<Override> needed_beside(const std::string& key, const std::string& value) {
  if (key == "drain_spread") return {{"drain_timeout", "87600h"}};
  if (key == "dns.min_ttl") return {{"dns.max_ttl", "87600h"}};
  if (key == "dns.max_ttl") return {{"dns.min_ttl", "10ms"}};
  if (key == "admin.read_token") return {{"admin.token_file", token_file()}};
  if (key == "listeners.N.tls.client_certificates.verify" && value != "off") {
    return {{"listeners.proxy.tls.client_certificates.ca", authority_file()}};
  }
  if (key == "listeners.N.accept_proxy_protocol") return {{"listeners.echo.trusted", "[192.0.2.1]"}};
  if (key == "faults.max_percent") return {{"listeners.echo.faults", "[]"}};
  if (key == "listeners.N.faults.N.slice.variation" && value != "0")
    return {{"listeners.echo.faults.slice.slice.size", value}};
  if (key == "listeners.N.faults.N.stall.every") return {{"listeners.echo.faults.stall.stall.for", "1s"}};
  if (key == "listeners.N.faults.N.connect.delay") return {{"listeners.echo.faults.connect.connect.fail", "true"}};
  if (key == "upstreams.N.servers.N.record" && value == "srv") {
    return {{"upstreams.backend.servers.1", "{dns: b, record: srv}"}};
  }
  return {};
}

/// A value that is not the default, and what it makes of the reference's configuration.
struct Case {
  std::string key;
  std::string value;
  std::function<void(ServerConfig&)> change;
  std::vector<Override> also{};  ///< without which the value would not be valid
};

ListenerConfig& echo(ServerConfig& config) { return config.listeners.at(0); }
ListenerConfig& discard(ServerConfig& config) { return config.listeners.at(1); }
ListenerConfig& proxy(ServerConfig& config) { return config.listeners.at(2); }
UpstreamConfig& upstream(ServerConfig& config) { return config.upstreams.at(0); }
tls::ServerOptions& server_tls(ServerConfig& config) { return *proxy(config).tls; }
tls::ClientOptions& client_tls(ServerConfig& config) { return *upstream(config).tls; }
ProxyConfig& proxying(ServerConfig& config) { return std::get<ProxyConfig>(proxy(config).service); }
RouteConfig& route(ServerConfig& config) { return proxying(config).routes.at(0); }

/// The fault of a kind.
template <typename Kind>
Kind& fault(ServerConfig& config) {
  for (faults::Fault& one : echo(config).faults) {
    if (Kind* const kind = std::get_if<Kind>(&one.kind)) return *kind;
  }
  throw std::out_of_range("the reference has no such fault");
}

/// The one upstream, by another name wherever it is named.
void rename_upstream(ServerConfig& config) {
  upstream(config).name = "other";
  proxying(config).upstream = "other";
  route(config).upstream = "other";
}

/// Clients show certificates, without which nothing else is said of them.
void ask_clients(ServerConfig& config) {
  server_tls(config).client_certificates.verify = tls::ClientCertificateOptions::Verify::optional;
  server_tls(config).client_certificates.ca = authority_file();
}

Address address(const char* text, AddressUse use = AddressUse::bind) { return parse_address(text, use); }

/// The listeners that say nothing of their own inherit the defaults.
void change_default(ServerConfig& config, milliseconds TimeoutsConfig::* field, milliseconds value) {
  config.default_timeouts.*field = value;
  discard(config).timeouts.*field = value;
  proxy(config).timeouts.*field = value;
}

/// The one key that has no other value than its default.
const char* const kAlwaysZero = "upstreams.N.tcp.fast_open";

const std::string& ranges_file() {
  static const test::TempDir folder;
  static const std::string path = folder.write("ranges", "10.0.0.0/8\n");
  return path;
}

const std::vector<Case>& cases() {
  using C = ServerConfig;
  static const std::vector<Case> all{
      {"workers", "3", [](C& c) { c.workers = 3; }},
      {"drain_timeout", "31s", [](C& c) { c.drain_timeout = 31s; }},
      {"drain_announce", "1s", [](C& c) { c.drain_announce = 1s; }},
      {"drain_spread", "2s", [](C& c) { c.drain_spread = 2s; }},
      {"upgrade_timeout", "32s", [](C& c) { c.upgrade_timeout = 32s; }},
      {"removed_listener", "cut", [](C& c) { c.removed_listener = RemovedListener::cut; }},
      {"log.level", "debug", [](C& c) { c.log.level = LogLevel::debug; }},
      {"log.format", "json", [](C& c) { c.log.format = LogFormat::json; }},
      {"log.file", "/l", [](C& c) { c.log.file = "/l"; }},
      {"access_log.enabled", "false", [](C& c) { c.access_log.enabled = false; }},
      {"access_log.format", "json", [](C& c) { c.access_log.format = LogFormat::json; }},
      {"access_log.file", "/a", [](C& c) { c.access_log.file = "/a"; }},
      {"access_log.sample", "2", [](C& c) { c.access_log.sample = 2; }},
      {"access_log.only", "failed", [](C& c) { c.access_log.only = AccessLogConfig::Only::failed; }},
      {"admin.bind", "unix:/a", [](C& c) { c.admin->bind = address("unix:/a"); }},
      {"admin.token_file", token_file(), [](C& c) { c.admin->token_file = token_file(); }},
      {"admin.read_token",
       "true",
       [](C& c) { c.admin->read_token = true, c.admin->token_file = token_file(); },
       {{"admin.token_file", token_file()}}},
      {"admin.hosts", "[weir.internal]", [](C& c) { c.admin->hosts = {"weir.internal"}; }},
      {"admin.unix.mode", "\"0600\"", [](C& c) { c.admin->unix_socket.mode = 0600; }},
      {"admin.unix.owner", "root", [](C& c) { c.admin->unix_socket.owner = "root"; }},
      {"admin.unix.group", "0", [](C& c) { c.admin->unix_socket.group = "0"; }},
      {"relay.splice", "never", [](C& c) { c.relay.splice = RelayConfig::Splice::never; }},
      {"dns.servers", "[\"192.0.2.1:54\"]",
       [](C& c) { c.dns.servers = {ip_endpoint("192.0.2.1")}, c.dns.servers[0].set_port(54); }},
      {"dns.min_ttl", "2s", [](C& c) { c.dns.min_ttl = 2s; }},
      {"dns.max_ttl", "6m", [](C& c) { c.dns.max_ttl = 6min; }},
      {"tls.ticket_keys.file", ticket_key_file(), [](C& c) { c.tls.ticket_keys.file = ticket_key_file(); }},
      {"tls.ticket_keys.rotate", "1h", [](C& c) { c.tls.ticket_keys.rotate = 1h; }},
      {"tls.handshakes", "17", [](C& c) { c.tls.handshakes = 17; }},
      {"limits.connections", "20k", [](C& c) { c.limits.connections = 20'000; }},
      {"limits.per_source", "2", [](C& c) { c.limits.per_source = 2; }},
      {"limits.rate", "3/m", [](C& c) { c.limits.rate = {3, 60s}; }},
      {"limits.rate_per_source", "4/h", [](C& c) { c.limits.rate_per_source = {4, 1h}; }},
      {"limits.backlog", "5", [](C& c) { c.limits.backlog = 5; }},
      {"faults.api.bind", "127.0.0.1:9", [](C& c) { c.faults->api->bind = address("127.0.0.1:9"); }},
      {"faults.api.create", "true", [](C& c) { c.faults->api->create = true; }},
      {"faults.seed", "42", [](C& c) { c.faults->seed = 42; }},
      {"faults.max_for", "10m", [](C& c) { c.faults->max_for = 10min; }},
      {"faults.max_percent",
       "2.5",
       [](C& c) { c.faults->max_percent = 2.5, echo(c).faults.clear(); },
       {{"listeners.echo.faults", "[]"}}},
      {"defaults.timeouts.idle", "11m", [](C& c) { change_default(c, &TimeoutsConfig::idle, 11min); }},
      {"defaults.timeouts.half_close", "12s", [](C& c) { change_default(c, &TimeoutsConfig::half_close, 12s); }},
      {"defaults.timeouts.lifetime", "13s", [](C& c) { change_default(c, &TimeoutsConfig::lifetime, 13s); }},
      {"defaults.timeouts.header", "14s", [](C& c) { change_default(c, &TimeoutsConfig::header, 14s); }},
      {"defaults.timeouts.handshake", "15s", [](C& c) { change_default(c, &TimeoutsConfig::handshake, 15s); }},

      {"listeners.N.name", "other", [](C& c) { echo(c).name = "other"; }},
      {"listeners.N.bind", "127.0.0.1:9", [](C& c) { echo(c).bind = {address("127.0.0.1:9")}; }},
      {"listeners.N.echo.transform", "upper", [](C& c) { echo(c).service = EchoConfig{EchoConfig::Transform::upper}; }},
      {"listeners.N.proxy.upstream",
       "other",
       rename_upstream,
       {{"upstreams.0.name", "other"}, {"listeners.proxy.proxy.routes.0.upstream", "other"}}},
      {"listeners.N.proxy.routes.N.names", "[A.Example, \"*.b.example\"]",
       [](C& c) { route(c).names = {"a.example", "*.b.example"}; }},
      {"listeners.N.proxy.routes.N.alpn", "[h2]", [](C& c) { route(c).alpn = {"h2"}; }},
      {"listeners.N.proxy.routes.N.tls", "pass", [](C& c) { route(c).tls = RouteConfig::Tls::pass; }},
      {"listeners.N.proxy.routes.N.upstream",
       "other",
       rename_upstream,
       {{"upstreams.0.name", "other"}, {"listeners.proxy.proxy.upstream", "other"}}},
      {"listeners.N.tls.certificates.N.certificate", copies().certificate,
       [](C& c) { server_tls(c).certificates[0].certificate = copies().certificate; }},
      {"listeners.N.tls.certificates.N.key", copies().key,
       [](C& c) { server_tls(c).certificates[0].key = copies().key; }},
      {"listeners.N.tls.certificates.N.names", "\"*.Example\"",
       [](C& c) { server_tls(c).certificates[0].names = {"*.example"}; }},
      {"listeners.N.tls.unknown_name", "refuse",
       [](C& c) { server_tls(c).unknown_name = tls::ServerOptions::UnknownName::refuse; }},
      {"listeners.N.tls.starttls", "postgres", [](C& c) { server_tls(c).starttls = tls::StartTls::postgres; }},
      {"listeners.N.tls.plaintext", "allow",
       [](C& c) { server_tls(c).plaintext = tls::ServerOptions::Plaintext::allow; }},
      {"listeners.N.tls.min_version", "\"1.3\"", [](C& c) { server_tls(c).min_version = tls::Version::tls13; }},
      {"listeners.N.tls.ciphers", "ECDHE+AESGCM:!aNULL", [](C& c) { server_tls(c).ciphers = "ECDHE+AESGCM:!aNULL"; }},
      {"listeners.N.tls.ciphersuites", "TLS_AES_128_GCM_SHA256",
       [](C& c) { server_tls(c).ciphersuites = "TLS_AES_128_GCM_SHA256"; }},
      {"listeners.N.tls.groups", "P-256:X25519", [](C& c) { server_tls(c).groups = "P-256:X25519"; }},
      {"listeners.N.tls.alpn", "[h2, http/1.1]", [](C& c) { server_tls(c).alpn = {"h2", "http/1.1"}; }},
      {"listeners.N.tls.client_certificates.verify",
       "optional",
       ask_clients,
       {{"listeners.proxy.tls.client_certificates.ca", authority_file()}}},
      {"listeners.N.tls.client_certificates.ca",
       authority_file(),
       ask_clients,
       {{"listeners.proxy.tls.client_certificates.verify", "optional"}}},
      {"listeners.N.tls.client_certificates.crl",
       revocation_file(),
       [](C& c) { ask_clients(c), server_tls(c).client_certificates.crl = revocation_file(); },
       {{"listeners.proxy.tls.client_certificates.verify", "optional"},
        {"listeners.proxy.tls.client_certificates.ca", authority_file()}}},
      {"listeners.N.tls.client_certificates.names",
       "[Alice A.]",
       [](C& c) { ask_clients(c), server_tls(c).client_certificates.names = {"Alice A."}; },
       {{"listeners.proxy.tls.client_certificates.verify", "optional"},
        {"listeners.proxy.tls.client_certificates.ca", authority_file()}}},
      {"listeners.N.tls.truncation", "reset",
       [](C& c) { server_tls(c).truncation = tls::ServerOptions::Truncation::reset; }},
      {"listeners.N.accept_proxy_protocol", "required",
       [](C& c) { echo(c).accept_proxy_protocol = ListenerConfig::ProxyHeaders::required; }},
      {"listeners.N.trusted", "[192.0.2.1]", [](C& c) { echo(c).trusted = {"192.0.2.1"}; }},
      {"listeners.N.limits.connections", "1", [](C& c) { echo(c).limits.connections = 1; }},
      {"listeners.N.limits.per_source", "2", [](C& c) { echo(c).limits.per_source = 2; }},
      {"listeners.N.limits.rate", "3/s", [](C& c) { echo(c).limits.rate = {3, 1s}; }},
      {"listeners.N.limits.rate_per_source", "4/s", [](C& c) { echo(c).limits.rate_per_source = {4, 1s}; }},
      {"listeners.N.limits.bandwidth.in", "1KB/s", [](C& c) { echo(c).limits.bandwidth.all.in = 1000; }},
      {"listeners.N.limits.bandwidth.out", "2KB/s", [](C& c) { echo(c).limits.bandwidth.all.out = 2000; }},
      {"listeners.N.limits.bandwidth.burst", "1MiB", [](C& c) { echo(c).limits.bandwidth.burst = 1 << 20; }},
      {"listeners.N.limits.bandwidth.per_connection.in", "3KB/s",
       [](C& c) { echo(c).limits.bandwidth.per_connection.in = 3000; }},
      {"listeners.N.limits.bandwidth.per_connection.out", "4KB/s",
       [](C& c) { echo(c).limits.bandwidth.per_connection.out = 4000; }},
      {"listeners.N.limits.bandwidth.per_source.in", "5KiB/s",
       [](C& c) { echo(c).limits.bandwidth.per_source.in = 5120; }},
      {"listeners.N.limits.bandwidth.per_source.out", "6m/s",
       [](C& c) { echo(c).limits.bandwidth.per_source.out = 6'000'000; }},
      {"listeners.N.faults.N.name", "other", [](C& c) { echo(c).faults[0].name = "other"; }},
      {"listeners.N.faults.N.direction", "both", [](C& c) { echo(c).faults[0].way = faults::Way::both; }},
      {"listeners.N.faults.N.percent", "20.5", [](C& c) { echo(c).faults[0].percent = 20.5; }},
      {"listeners.N.faults.N.key", "source", [](C& c) { echo(c).faults[0].key = faults::Fault::Key::source; }},
      {"listeners.N.faults.N.sources", "[10.0.0.0/8]", [](C& c) { echo(c).faults[0].sources = {"10.0.0.0/8"}; }},
      {"listeners.N.faults.N.for", "5m", [](C& c) { echo(c).faults[0].duration = 5min; }},
      {"listeners.N.faults.N.latency.delay", "1.5ms", [](C& c) { fault<faults::Latency>(c).delay = 1500us; }},
      {"listeners.N.faults.N.latency.jitter", "7us", [](C& c) { fault<faults::Latency>(c).jitter = 7us; }},
      {"listeners.N.faults.N.latency.distribution", "pareto",
       [](C& c) { fault<faults::Latency>(c).distribution = faults::Distribution::pareto; }},
      {"listeners.N.faults.N.bandwidth", "0", [](C& c) { fault<faults::Bandwidth>(c).rate = 0; }},
      {"listeners.N.faults.N.slice.size", "1KiB", [](C& c) { fault<faults::Slice>(c).size = 1024; }},
      {"listeners.N.faults.N.slice.variation", "50", [](C& c) { fault<faults::Slice>(c).variation = 50; }},
      {"listeners.N.faults.N.slice.delay", "10us", [](C& c) { fault<faults::Slice>(c).delay = 10us; }},
      {"listeners.N.faults.N.stall.after", "1", [](C& c) { fault<faults::Stall>(c).after = 1; }},
      {"listeners.N.faults.N.stall.for", "200ms", [](C& c) { fault<faults::Stall>(c).duration = 200ms; }},
      {"listeners.N.faults.N.stall.every",
       "3",
       [](C& c) { fault<faults::Stall>(c).every = 3, fault<faults::Stall>(c).duration = 1s; },
       {{"listeners.echo.faults.stall.stall.for", "1s"}}},
      {"listeners.N.faults.N.stall.probability", "0.25", [](C& c) { fault<faults::Stall>(c).probability = 0.25; }},
      {"listeners.N.faults.N.reset.after_bytes", "4", [](C& c) { fault<faults::Reset>(c).after_bytes = 4; }},
      {"listeners.N.faults.N.reset.after", "5s", [](C& c) { fault<faults::Reset>(c).after = 5s; }},
      {"listeners.N.faults.N.end.after_bytes", "0", [](C& c) { fault<faults::End>(c).after_bytes = 0; }},
      {"listeners.N.faults.N.end.after", "0", [](C& c) { fault<faults::End>(c).after = 0s; }},
      {"listeners.N.faults.N.slow_close", "6s", [](C& c) { fault<faults::SlowClose>(c).delay = 6s; }},
      {"listeners.N.faults.N.connect.delay", "7s", [](C& c) { fault<faults::Connect>(c).delay = 7s; }},
      {"listeners.N.faults.N.connect.fail", "true", [](C& c) { fault<faults::Connect>(c).fail = true; }},
      {"listeners.N.faults.N.corrupt.per_bytes", "8", [](C& c) { fault<faults::Corrupt>(c).per_bytes = 8; }},
      {"listeners.N.allow", "[10.0.0.0/8]", [](C& c) { echo(c).access.allow = {"10.0.0.0/8"}; }},
      {"listeners.N.deny", "10.0.0.1", [](C& c) { echo(c).access.deny = {"10.0.0.1"}; }},
      {"listeners.N.allow_file", ranges_file(), [](C& c) { echo(c).access.allow_file = ranges_file(); }},
      {"listeners.N.deny_file", ranges_file(), [](C& c) { echo(c).access.deny_file = ranges_file(); }},
      {"listeners.N.unix.mode", "\"0600\"", [](C& c) { discard(c).unix_socket.mode = 0600; }},
      {"listeners.N.unix.owner", "root", [](C& c) { discard(c).unix_socket.owner = "root"; }},
      {"listeners.N.unix.group", "0", [](C& c) { discard(c).unix_socket.group = "0"; }},
      {"listeners.N.timeouts.idle", "1s", [](C& c) { echo(c).timeouts.idle = 1s; }},
      {"listeners.N.timeouts.half_close", "2s", [](C& c) { echo(c).timeouts.half_close = 2s; }},
      {"listeners.N.timeouts.lifetime", "3s", [](C& c) { echo(c).timeouts.lifetime = 3s; }},
      {"listeners.N.timeouts.header", "4s", [](C& c) { echo(c).timeouts.header = 4s; }},
      {"listeners.N.timeouts.handshake", "6s", [](C& c) { echo(c).timeouts.handshake = 6s; }},
      {"listeners.N.tcp.nodelay", "false", [](C& c) { echo(c).tcp.nodelay = false; }},
      {"listeners.N.tcp.keepalive", "off", [](C& c) { echo(c).tcp.keepalive.enabled = false; }},
      {"listeners.N.tcp.keepalive.idle", "1s", [](C& c) { echo(c).tcp.keepalive.idle = 1s; }},
      {"listeners.N.tcp.keepalive.interval", "2s", [](C& c) { echo(c).tcp.keepalive.interval = 2s; }},
      {"listeners.N.tcp.keepalive.count", "4", [](C& c) { echo(c).tcp.keepalive.count = 4; }},
      {"listeners.N.tcp.user_timeout", "5s", [](C& c) { echo(c).tcp.user_timeout = 5s; }},
      {"listeners.N.tcp.fast_open", "6", [](C& c) { echo(c).tcp.fast_open = 6; }},

      {"upstreams.N.name",
       "other",
       rename_upstream,
       {{"listeners.proxy.proxy.upstream", "other"}, {"listeners.proxy.proxy.routes.0.upstream", "other"}}},
      {"upstreams.N.balance", "random_two", [](C& c) { upstream(c).balance = UpstreamConfig::Balance::random_two; }},
      {"upstreams.N.servers.N.address", "a:1",
       [](C& c) { upstream(c).servers[0].address = address("a:1", AddressUse::target); }},
      {"upstreams.N.servers.N.dns", "\"b:2\"",
       [](C& c) { upstream(c).servers[1].dns = DnsName{DnsName::Record::a, "b", 2}; }},
      {"upstreams.N.servers.N.record",
       "srv",
       [](C& c) { upstream(c).servers[1].dns = DnsName{DnsName::Record::srv, "b", 0}; },
       {{"upstreams.0.servers.1", "{dns: b, record: srv}"}}},
      {"upstreams.N.servers.N.weight", "2", [](C& c) { upstream(c).servers[0].weight = 2; }},
      {"upstreams.N.servers.N.max_connections", "3", [](C& c) { upstream(c).servers[0].max_connections = 3; }},
      {"upstreams.N.servers.N.backup", "true", [](C& c) { upstream(c).servers[0].backup = true; }},
      {"upstreams.N.connect.timeout", "1s", [](C& c) { upstream(c).connect.timeout = 1s; }},
      {"upstreams.N.connect.attempts", "2", [](C& c) { upstream(c).connect.attempts = 2; }},
      {"upstreams.N.connect.delay", "3s", [](C& c) { upstream(c).connect.delay = 3s; }},
      {"upstreams.N.connect.abort_on", "close",
       [](C& c) { upstream(c).connect.abort_on = ConnectConfig::AbortOn::close; }},
      {"upstreams.N.queue.size", "1", [](C& c) { upstream(c).queue.size = 1; }},
      {"upstreams.N.queue.timeout", "2s", [](C& c) { upstream(c).queue.timeout = 2s; }},
      {"upstreams.N.health.interval", "3s", [](C& c) { upstream(c).health->interval = 3s; }},
      {"upstreams.N.health.timeout", "4s", [](C& c) { upstream(c).health->timeout = 4s; }},
      {"upstreams.N.health.fall", "5", [](C& c) { upstream(c).health->fall = 5; }},
      {"upstreams.N.health.rise", "6", [](C& c) { upstream(c).health->rise = 6; }},
      {"upstreams.N.health.send", "'\\x07'", [](C& c) { upstream(c).health->send = "\a"; }},
      {"upstreams.N.health.expect", "\"\\r\\n\"", [](C& c) { upstream(c).health->expect = "\r\n"; }},
      {"upstreams.N.eject.failures", "7", [](C& c) { upstream(c).eject.failures = 7; }},
      {"upstreams.N.eject.for", "8s", [](C& c) { upstream(c).eject.duration = 8s; }},
      {"upstreams.N.slow_start", "9s", [](C& c) { upstream(c).slow_start = 9s; }},
      {"upstreams.N.bind_source", "127.0.0.2", [](C& c) { upstream(c).bind_source = {"127.0.0.2"}; }},
      {"upstreams.N.tcp.nodelay", "false", [](C& c) { upstream(c).tcp.nodelay = false; }},
      {"upstreams.N.tcp.keepalive", "off", [](C& c) { upstream(c).tcp.keepalive.enabled = false; }},
      {"upstreams.N.tcp.keepalive.idle", "1s", [](C& c) { upstream(c).tcp.keepalive.idle = 1s; }},
      {"upstreams.N.tcp.keepalive.interval", "2s", [](C& c) { upstream(c).tcp.keepalive.interval = 2s; }},
      {"upstreams.N.tcp.keepalive.count", "4", [](C& c) { upstream(c).tcp.keepalive.count = 4; }},
      {"upstreams.N.tcp.user_timeout", "5s", [](C& c) { upstream(c).tcp.user_timeout = 5s; }},
      {kAlwaysZero, "0", [](C&) {}},
      {"upstreams.N.send_proxy_protocol", "v2", [](C& c) { upstream(c).send_proxy_protocol = ProxyVersion::v2; }},
      {"upstreams.N.proxy_tlvs",
       "[ssl, authority]",
       [](C& c) {
         upstream(c).proxy_tlvs = {tls::Tlv::ssl, tls::Tlv::authority};
         upstream(c).send_proxy_protocol = ProxyVersion::v2;
       },
       {{"upstreams.backend.send_proxy_protocol", "v2"}}},
      {"upstreams.N.tls.verify", "chain", [](C& c) { client_tls(c).verify = tls::ClientOptions::Verify::chain; }},
      {"upstreams.N.tls.ca", authority_file(), [](C& c) { client_tls(c).ca = authority_file(); }},
      {"upstreams.N.tls.name", "DB.example", [](C& c) { client_tls(c).name = "db.example"; }},
      {"upstreams.N.tls.certificate",
       copies().certificate,
       [](C& c) { client_tls(c).certificate = copies().certificate, client_tls(c).key = copies().key; },
       {{"upstreams.backend.tls.key", copies().key}}},
      {"upstreams.N.tls.key",
       copies().key,
       [](C& c) { client_tls(c).certificate = copies().certificate, client_tls(c).key = copies().key; },
       {{"upstreams.backend.tls.certificate", copies().certificate}}},
      {"upstreams.N.tls.starttls", "postgres", [](C& c) { client_tls(c).starttls = tls::StartTls::postgres; }},
      {"upstreams.N.tls.alpn", "[redis]", [](C& c) { client_tls(c).alpn = {"redis"}; }},
      {"upstreams.N.tls.min_version", "\"1.3\"", [](C& c) { client_tls(c).min_version = tls::Version::tls13; }},
      {"upstreams.N.on_down", "reset", [](C& c) { upstream(c).on_down = UpstreamConfig::OnDown::reset; }},
  };
  return all;
}

std::vector<std::string> keys_with_values() {
  std::vector<std::string> keys;
  for (const KeyInfo& key : KeyList::all()) {
    if (!key.section) keys.push_back(key.path);
  }
  return keys;
}

std::set<std::string> all_keys() {
  std::set<std::string> keys;
  for (const KeyInfo& key : KeyList::all()) keys.insert(key.path);
  return keys;
}

TEST(ConfigKeys, EachHasACaseHere) {
  std::vector<std::string> covered;
  for (const Case& one : cases()) covered.push_back(one.key);
  EXPECT_THAT(covered, ::testing::UnorderedElementsAreArray(keys_with_values()));
}

TEST(ConfigKeys, AreThoseOfTheReference) {
  const YamlNode root = parse_yaml(reference(), "reference");
  std::vector<Place> places;
  collect_places(root, "", places);
  std::set<std::string> shown;
  for (const Place& place : places) shown.insert(without_indices(place.path));
  EXPECT_EQ(shown, all_keys());
}

TEST(ConfigKeys, EachReachesItsFieldAloneAndIsKeptByTheEffectiveConfiguration) {
  const YamlNode root = parse_yaml(reference(), "reference");
  const ServerConfig unchanged = load_config_text(reference(), "reference");
  for (const Case& one : cases()) {
    SCOPED_TRACE(one.key);
    const std::optional<Place> place = find_place(root, one.key);
    ASSERT_TRUE(place);
    const YamlNode& key = place->entry->key;
    const std::string text = reference_with(key.position, key.scalar, one.value);
    ASSERT_THAT(problems_of(text, one.also), IsEmpty());
    const ServerConfig loaded = load_config_text(text, "f", one.also);
    ServerConfig expected = unchanged;
    one.change(expected);
    EXPECT_EQ(loaded, expected) << dump_config(loaded);
    EXPECT_EQ(loaded == unchanged, one.key == kAlwaysZero);
    EXPECT_EQ(load_config_text(dump_config(loaded), "dump"), loaded);
  }
}

/// Every key that a difference names, as config_keys.hpp does.
std::set<std::string> named_by(const ConfigDiff& diff) {
  std::set<std::string> named;
  const auto add_keys = [&named](const std::string& prefix, const std::vector<KeyChange>& keys) {
    for (const KeyChange& key : keys) named.insert(prefix + without_indices(key.path));
  };
  add_keys("", diff.process);
  for (const RefusedChange& refused : diff.refused) named.insert(refused.key.path);
  for (const ListenerDiff& listener : diff.listeners) {
    add_keys("listeners.N.", listener.keys);
    if (!listener.opened.empty() && !listener.closed.empty()) named.insert("listeners.N.bind");
    if (listener.change != ItemChange::changed) named.insert("listeners.N.name");
  }
  for (const UpstreamDiff& upstream : diff.upstreams) {
    add_keys("upstreams.N.", upstream.keys);
    if (upstream.change != ItemChange::changed) named.insert("upstreams.N.name");
    for (const BackendDiff& backend : upstream.backends) {
      add_keys("upstreams.N.servers.N.", backend.keys);
      if (backend.change == ItemChange::changed) continue;
      for (const char* key : {"address", "dns", "record"}) named.insert("upstreams.N.servers.N." + std::string(key));
    }
  }
  return named;
}

TEST(ConfigKeys, EachIsNamedByTheDifferenceThatItMakes) {
  const ServerConfig unchanged = load_config_text(reference(), "reference");
  EXPECT_TRUE(diff_configs(unchanged, unchanged).empty());
  for (const Case& one : cases()) {
    if (one.key == kAlwaysZero) continue;
    SCOPED_TRACE(one.key);
    ServerConfig changed = unchanged;
    one.change(changed);
    for (const ConfigDiff& diff : {diff_configs(unchanged, changed), diff_configs(changed, unchanged)}) {
      EXPECT_FALSE(diff.empty());
      EXPECT_THAT(named_by(diff), ::testing::Contains(one.key));
    }
  }
}

TEST(ConfigKeys, EachMakesTheSameDifferenceWhereOnlyTheEffectiveConfigurationIsKnown) {
  const ServerConfig unchanged = load_config_text(reference(), "reference");
  for (const Case& one : cases()) {
    SCOPED_TRACE(one.key);
    ServerConfig changed = unchanged;
    one.change(changed);
    EXPECT_EQ(diff_configs(unchanged, changed), diff_dumps(dump_config(unchanged), dump_config(changed)));
    EXPECT_EQ(diff_configs(changed, unchanged), diff_dumps(dump_config(changed), dump_config(unchanged)));
  }
}

TEST(ConfigKeys, EachTakesEveryWordAndItsLeastAndItsMost) {
  const YamlNode root = parse_yaml(reference(), "reference");
  std::size_t tried = 0;
  for (const KeyInfo& key : KeyList::all()) {
    for (const auto& [written, shown] : key.accepted) {
      SCOPED_TRACE(key.path + ": " + written);
      const std::string path = find_place(root, key.path).value().path;
      std::vector<Override> overrides{{as_reported(path), written}};
      for (const Override& more : needed_beside(key.path, written)) overrides.push_back(more);
      const std::vector<ConfigProblem> problems = problems_of(reference(), overrides);
      if (key.path == kAlwaysZero && written != "0") {
        ASSERT_EQ(problems.size(), 1u);
        EXPECT_THAT(problems[0].message, ::testing::HasSubstr("is for listeners only"));
        continue;
      }
      ASSERT_TRUE(problems.empty()) << problems[0].to_string();
      const ServerConfig loaded = load_config_text(reference(), "f", overrides);
      const std::string dump = dump_config(loaded);
      EXPECT_EQ(value_at(dump, path), shown);
      EXPECT_EQ(load_config_text(dump, "dump"), loaded);
      ++tried;
    }
  }
  EXPECT_GT(tried, 100u);
}

TEST(ConfigKeys, EachRefusesWhatIsJustBeyondItsBoundsAndWordsThatItDoesNotKnow) {
  const YamlNode root = parse_yaml(reference(), "reference");
  for (const KeyInfo& key : KeyList::all()) {
    for (const std::string& value : key.refused) {
      SCOPED_TRACE(key.path + ": " + value);
      const std::string path = as_reported(find_place(root, key.path).value().path);
      const std::vector<ConfigProblem> problems = problems_of(reference(), {{path, value}});
      ASSERT_EQ(problems.size(), 1u);
      EXPECT_EQ(problems[0].path, path);
      EXPECT_EQ(problems[0].origin, "--set " + path);
    }
  }
}

TEST(ConfigKeys, EachSaysWhereAValueOfTheWrongTypeStandsAndWhatToWrite) {
  const YamlNode root = parse_yaml(reference(), "reference");
  for (const KeyInfo& info : KeyList::all()) {
    SCOPED_TRACE(info.path);
    const std::optional<Place> place = find_place(root, info.path);
    ASSERT_TRUE(place);
    const YamlNode& key = place->entry->key;
    const bool name = info.path.ends_with(".N.name");  // without which an item goes by its index
    const std::string path = name ? without_its_name(place->path) : as_reported(place->path);
    const bool has_keys = place->entry->value.kind == YamlNode::Kind::map;
    const std::string wrong = info.section ? "wrong" : has_keys ? "[]" : "{not: this}";
    const std::vector<ConfigProblem> problems = problems_of(reference_with(key.position, key.scalar, wrong));
    const auto found = std::find_if(problems.begin(), problems.end(),
                                    [&](const ConfigProblem& problem) { return problem.path == path; });
    ASSERT_NE(found, problems.end()) << ConfigError(problems).what();
    EXPECT_EQ(found->origin, "f");
    EXPECT_EQ(found->line, key.position.line);
    EXPECT_THAT(found->message, ::testing::ContainsRegex("write |must be a (map|list) of "));
  }
}

}  // namespace
}  // namespace weir
