#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "server/config/config_loader.hpp"
#include "server/config/yaml_document.hpp"
#include "tests/support/checkout.hpp"
#include "tests/unit/server/config/reference_text.hpp"

namespace weir {
namespace {

const std::filesystem::path kConfigFolder = test::source_folder() / "config";

Address bind_address(const char* text) { return parse_address(text, AddressUse::bind); }

ListenerConfig listener(const char* name, const char* bind, ServiceConfig service) {
  ListenerConfig config;
  config.name = name;
  config.bind = {bind_address(bind)};
  config.service = std::move(service);
  return config;
}

/// `listeners.0.timeouts.idle` and so on, of every key.
void collect_keys(const YamlNode& node, const std::string& path, std::multiset<std::string>& keys) {
  for (std::size_t at = 0; at < node.items.size(); ++at) {
    if (!node.items[at].entries.empty()) collect_keys(node.items[at], path + "." + std::to_string(at), keys);
  }
  for (const YamlEntry& entry : node.entries) {
    const std::string below = path + "." + entry.key.scalar;
    keys.insert(below);
    collect_keys(entry.value, below, keys);
  }
}

std::multiset<std::string> keys_of(const std::string& text) {
  std::multiset<std::string> keys;
  collect_keys(parse_yaml(text, "test"), "", keys);
  return keys;
}

std::string read(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

/// One of each kind. Those that have no default, or need something, hold what the file writes.
std::vector<faults::Fault> every_fault() {
  using std::chrono::milliseconds;
  constexpr std::uint64_t kBytes = 64 * 1024;
  faults::Latency latency;
  latency.delay = milliseconds(50);
  faults::Slice slice;
  slice.size = 100;
  faults::Connect connect;
  connect.delay = milliseconds(1000);
  std::vector<faults::Fault> all;
  for (const faults::Kind& kind : std::vector<faults::Kind>{
           latency, faults::Bandwidth{100'000}, slice, faults::Stall{}, faults::Reset{kBytes, milliseconds(1000)},
           faults::End{kBytes, milliseconds(1000)}, faults::SlowClose{milliseconds(1000)}, faults::Refuse{}, connect,
           faults::HalfOpen{}, faults::Corrupt{}}) {
    faults::Fault& fault = all.emplace_back();
    fault.name = faults::kind_name(kind);
    fault.kind = kind;
  }
  return all;
}

TEST(ReferenceConfig, ShowsTheDefaultsOfTheStructs) {
  RouteConfig route;
  route.upstream = "backend";
  ServerConfig expected;
  expected.listeners = {listener("echo", "127.0.0.1:7000", EchoConfig{}),
                        listener("discard", "127.0.0.1:7001", DiscardConfig{}),
                        listener("proxy", "127.0.0.1:7002", ProxyConfig{{route}, "backend"})};
  expected.listeners[1].bind.push_back(bind_address("unix:/run/weir/discard.sock"));
  UpstreamConfig upstream;
  upstream.name = "backend";
  upstream.servers = {{.address = parse_address("127.0.0.1:5432", AddressUse::target)},
                      {.dns = DnsName{DnsName::Record::a, "db.internal", 5432}}};
  expected.listeners[2].tls.emplace().certificates = {{test::reference_certificate_file(), "", {}}};
  upstream.tls.emplace();
  upstream.health.emplace();  // absent by default; the file shows what it holds where it is there
  expected.upstreams = {upstream};
  expected.admin.emplace();  // likewise
  expected.faults.emplace().api.emplace();
  expected.listeners[0].faults = every_fault();
  const ServerConfig loaded = load_config_text(test::reference_text(), "reference.yaml");
  EXPECT_EQ(loaded, expected) << dump_config(loaded) << dump_config(expected);
}

TEST(ReferenceConfig, HoldsEveryKeyOfTheEffectiveConfigurationAndNoOther) {
  const std::string& reference = test::reference_text();
  std::multiset<std::string> shown = keys_of(reference);
  EXPECT_TRUE(shown.contains(".listeners.0.tcp.keepalive.count"));
  // The options that every listener or every fault has are explained at the first.
  std::multiset<std::string> effective;
  for (const std::string& key : keys_of(dump_config(load_config_text(reference, "reference.yaml")))) {
    static const std::regex own("\\.listeners\\.[12](\\.(name|bind|echo|discard|proxy|unix|tls).*)?");
    const bool repeated =
        key.starts_with(".listeners.") && !key.starts_with(".listeners.0") && !std::regex_match(key, own);
    static const std::regex fault("\\.listeners\\.0\\.faults\\.([1-9]|10)\\.(direction|percent|key|sources|for)");
    if (!repeated && !std::regex_match(key, fault)) effective.insert(key);
  }
  EXPECT_EQ(shown, effective);
}

TEST(ReferenceConfig, EachKeyOfAValueIsExplainedAboveIt) {
  // Where a key stands for the second time, its explanation is at the first.
  const std::set<std::string> twice{
      "connections",     "per_source", "rate",         "rate_per_source", "header",    "half_close", "idle",
      "lifetime",        "nodelay",    "interval",     "count",           "format",    "bind",       "weight",
      "max_connections", "backup",     "user_timeout", "fast_open",       "handshake", "in",         "out"};
  std::istringstream lines(read(kConfigFolder / "reference.yaml"));
  std::string before;
  std::size_t values = 0;
  for (std::string line; std::getline(lines, line); before = line) {
    const std::size_t begin = line.find_first_not_of(" -");
    if (begin == std::string::npos || line[begin] == '#') continue;
    const std::size_t colon = line.find(": ");
    if (colon == std::string::npos) continue;
    const std::string key = line.substr(begin, colon - begin);
    ++values;
    if (twice.contains(key) || key == "name" || key == "address") continue;
    EXPECT_THAT(before, ::testing::HasSubstr("#")) << line;
  }
  EXPECT_GT(values, 30u);
}

TEST(ShippedConfig, DefaultIsAnEchoAndAnAdminEndpointOnLoopback) {
  ServerConfig expected;
  expected.admin.emplace();
  expected.listeners = {listener("echo", "127.0.0.1:7000", EchoConfig{})};
  EXPECT_EQ(load_config_file(kConfigFolder / "weir.yaml"), expected);
}

TEST(ShippedConfig, DefaultIsStillValidWithItsExampleUncommented) {
  std::string text = read(kConfigFolder / "weir.yaml");
  const std::size_t begin = text.find("#  - name: db");
  ASSERT_NE(begin, std::string::npos);
  std::string example = text.substr(begin);
  std::erase(example, '#');
  const ServerConfig config = load_config_text(text.substr(0, begin) + example, "weir.yaml");
  ASSERT_EQ(config.listeners.size(), 2u);
  EXPECT_EQ(config.upstreams.at(0).servers.size(), 2u);
}

TEST(ShippedConfig, ExamplesLoad) {
  std::set<std::string> loaded;
  for (const auto& entry : std::filesystem::directory_iterator(kConfigFolder / "examples")) {
    EXPECT_NO_THROW(load_config_file(entry.path())) << entry.path();
    loaded.insert(entry.path().filename());
  }
  EXPECT_THAT(loaded,
              ::testing::IsSupersetOf({"echo.yaml", "database-proxy.yaml", "unix-sockets.yaml", "shouting-echo.yaml"}));
}

TEST(ShippedConfig, DatabaseProxySharesItsTcpOptionsByAlias) {
  const ServerConfig config = load_config_file(kConfigFolder / "examples" / "database-proxy.yaml");
  EXPECT_EQ(config.upstreams.at(0).tcp, config.listeners.at(0).tcp);
  EXPECT_EQ(config.upstreams.at(0).tcp.keepalive.count, 4u);
}

}  // namespace
}  // namespace weir
