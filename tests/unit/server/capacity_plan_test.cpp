#include "server/capacity_plan.hpp"

#include <gmock/gmock.h>

#include "server/config/config_loader.hpp"

namespace weir {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::uint64_t kGibibyte = 1ull << 30;
constexpr MachineLimits kMachine{20'000, 2, 8 * kGibibyte, 4096};

const char* const kEcho = "listeners: [{name: e, bind: ':7000', echo: {}}]\n";
const char* const kProxy =
    "listeners: [{name: p, bind: ':7000', proxy: {upstream: u}}]\n"
    "upstreams: [{name: u, servers: [{address: 'h:1'}]}]\n";

CapacityPlan plan(const std::string& text, const MachineLimits& machine = kMachine) {
  return plan_capacity(load_config_text(text, "weir.yaml"), machine);
}

TEST(CapacityPlan, EchoGetsNearlyAllDescriptors) {
  const CapacityPlan echo = plan(kEcho);
  EXPECT_EQ(echo.workers, 2u);
  EXPECT_GT(echo.connection_limit().value(), 19'000u);
  EXPECT_EQ(echo.connection_limit(), 20'000 - echo.reserved.total());
  EXPECT_FALSE(echo.bound_by_memory);
  EXPECT_THAT(echo.warnings, IsEmpty());
}

TEST(CapacityPlan, ProxiedConnectionCostsTwo) {
  const CapacityPlan proxy = plan(kProxy);
  EXPECT_GT(proxy.connection_limit().value(), 9'400u);
  EXPECT_LE(proxy.connection_limit().value() * 2 + proxy.reserved.total(), 20'000u);
  EXPECT_TRUE(proxy.serves_proxied);
  EXPECT_FALSE(proxy.serves_direct);
}

TEST(CapacityPlan, PipesOfStreamsAreReservedWhereThereIsAProxy) {
  const auto pipes = [](const std::string& text, MachineLimits machine = kMachine) {
    const CapacityPlan planned = plan(text, machine);
    EXPECT_EQ(planned.reserved.pipes, 2 * planned.workers * planned.pipes_per_worker);
    return planned.pipes_per_worker * planned.workers;
  };
  EXPECT_EQ(pipes(kProxy), 500u) << "a twentieth of the descriptors";
  EXPECT_EQ(pipes(kEcho), 0u);
  EXPECT_EQ(pipes(std::string(kProxy) + "relay: {splice: never}"), 0u);
  EXPECT_EQ(pipes(kProxy, {1'000'000, 2, 8 * kGibibyte, 4096}), kMostPipes);
  EXPECT_EQ(pipes(kProxy, {1'000'000, 2, 8 * kGibibyte, 4096, 64 << 20}), 128u) << "half of what the kernel grants";
  EXPECT_EQ(pipes(kProxy, {64, 2, 8 * kGibibyte, 4096}), 0u);
}

const std::string kMixed =
    "listeners: [{name: p, bind: ':1', proxy: {upstream: u}}, {name: e, bind: ':2', echo: }]\n"
    "upstreams: [{name: u, servers: [{address: 'h:1'}]}]\n";

TEST(CapacityPlan, MixedListenersHaveAsManyConnectionsAsTheirDescriptorsAllow) {
  const CapacityPlan mixed = plan(kMixed);
  EXPECT_TRUE(mixed.serves_direct);
  EXPECT_EQ(mixed.admitted.descriptors, 20'000 - mixed.reserved.total());
  EXPECT_EQ(mixed.connection_limit(), mixed.most_proxied) << "if all are proxied";
  EXPECT_EQ(mixed.most_connections(), mixed.most_direct) << "if none is";
  const std::uint64_t budget = mixed.admitted.descriptors;
  EXPECT_EQ(mixed.connection_limit(100, 100), 100 + (budget - 100) / 2);
  EXPECT_EQ(mixed.connection_limit(100, 200), 100 + (budget - 200) / 2);
  EXPECT_EQ(mixed.connection_limit(budget, budget), budget);
  EXPECT_EQ(mixed.connection_limit(budget, budget + 1), budget) << "after a reload that left less";
}

TEST(CapacityPlan, AConfiguredLimitCountsConnections) {
  const CapacityPlan mixed = plan(kMixed + "limits: {connections: 100}");
  EXPECT_EQ(mixed.connection_limit(50, 100), 100u);
  EXPECT_EQ(mixed.most_connections(), 100u);
  EXPECT_EQ(mixed.admitted.descriptors, ProcessLimits::kNone);
}

TEST(CapacityPlan, ReloadKeepsThePipesOfTheStart) {
  const ServerConfig config = load_config_text(kProxy, "weir.yaml");
  EXPECT_EQ(plan_capacity(config, kMachine, 0).reserved.pipes, 0u) << "there was no proxy at the start";
  EXPECT_EQ(plan_capacity(load_config_text(kEcho, "weir.yaml"), kMachine, 7).reserved.pipes, 2 * 2 * 7u);
}

TEST(CapacityPlan, EachWorkerHasASocketOfATcpAddress) {
  const auto listening = [](const std::string& bind) {
    return plan("workers: 3\nlisteners: [{name: e, echo: , bind: " + bind + "}]").reserved.listening;
  };
  EXPECT_EQ(listening("':1'"), 3u);
  EXPECT_EQ(listening("['127.0.0.1:1', '[::1]:1']"), 6u);
  EXPECT_EQ(listening("['unix:/a', 'unix:@b']"), 2u);
  EXPECT_EQ(listening("'127.0.0.1:1-10'"), 30u);
  EXPECT_EQ(listening("'localhost:1'"), 6u) << "a name may have both families";
}

TEST(CapacityPlan, WarnsOfRulesThatUnixClientsDoNotMeet) {
  const auto warnings = [](const std::string& rules, const std::string& bind = "'unix:/run/e.sock'") {
    return plan("listeners: [{name: e, bind: [" + bind + "], echo: {}, " + rules + "}]\n").warnings;
  };
  EXPECT_THAT(
      warnings("allow: 10.0.0.0/8"),
      ElementsAre("listeners.e lets in every client of unix:/run/e.sock: allow and deny are about addresses, "
                  "which clients of unix sockets do not have; write unix into deny to refuse them, or into allow "
                  "if that is meant"));
  EXPECT_THAT(warnings("deny: ['0.0.0.0/0', '::/0']", "':1', 'unix:@b', 'unix:/c'"),
              ElementsAre(HasSubstr("unix:@b:"), HasSubstr("unix:/c:")));
  for (const char* rules : {"deny: 10.0.0.0/8", "allow: [10.0.0.0/8, unix]", "allow: 10.0.0.0/8, deny: unix",
                            "deny: [unix, '0.0.0.0/0']", "allow: []"}) {
    EXPECT_THAT(warnings(rules), IsEmpty()) << rules;
  }
  EXPECT_THAT(warnings("allow: 10.0.0.0/8", "':1'"), IsEmpty());
}

TEST(CapacityPlan, LogFilesAndWorkersAreReserved) {
  const std::uint64_t plain = plan(kEcho).reserved.total();
  const std::string files = "log: {file: /l}\naccess_log: {file: /a}\n";
  EXPECT_EQ(plan(kEcho + files).reserved.total(), plain + 2);
  EXPECT_EQ(plan(std::string(kEcho) + "access_log: {file: /a, enabled: false}").reserved.total(), plain);
  EXPECT_EQ(plan(std::string(kEcho) + "workers: 1").reserved.total(), plain - 4);
}

TEST(CapacityPlan, MemoryBoundsAuto) {
  const CapacityPlan small = plan(kEcho, {20'000, 2, 64u << 20, 4096});
  EXPECT_TRUE(small.bound_by_memory);
  EXPECT_EQ(small.connection_limit(), small.most_by_memory);
  EXPECT_NEAR(static_cast<double>(*small.connection_limit()), 0.8 * (64 << 20) / 16384, 2);
  const CapacityPlan unknown = plan(kEcho, {20'000, 2, 0, 4096});
  EXPECT_GT(unknown.connection_limit().value(), 19'000u);
}

TEST(CapacityPlan, ConfiguredLimitWins) {
  EXPECT_EQ(plan(std::string(kEcho) + "limits: {connections: 100}").connection_limit(), 100u);
  const CapacityPlan unlimited = plan(std::string(kEcho) + "limits: {connections: 0}");
  EXPECT_FALSE(unlimited.connection_limit().has_value());
  EXPECT_THAT(unlimited.warnings, IsEmpty());
}

TEST(CapacityPlan, WarnsOfAUserTimeoutThatIsShorterThanIdle) {
  const auto warnings = [](const std::string& listener, const std::string& upstream = "0") {
    return plan("listeners: [{name: p, bind: ':7000', proxy: {upstream: u}, tcp: {user_timeout: " + listener +
                "}}]\nupstreams: [{name: u, servers: [{address: 'h:1'}], tcp: {user_timeout: " + upstream + "}}]\n")
        .warnings;
  };
  EXPECT_THAT(warnings("30s"), ElementsAre(HasSubstr("listeners.p.tcp.user_timeout is 30s, but timeouts.idle of "
                                                     "listener p is 10m")));
  EXPECT_THAT(warnings("0", "30s"), ElementsAre(HasSubstr("upstreams.u.tcp.user_timeout is 30s")));
  EXPECT_THAT(warnings("10m", "11m"), IsEmpty());
}

TEST(CapacityPlan, WarnsOfMoreConnectionsThanAnUpstreamHasPortsFor) {
  constexpr MachineLimits kLarge{1'000'000, 2, 64 * kGibibyte, 4096};
  const auto warnings = [&](const std::string& limit, const std::string& servers, const std::string& sources = "[]") {
    return plan("limits: {connections: " + limit +
                    "}\nlisteners: [{name: p, bind: ':7000-7001', proxy: {upstream: u}}]\n"
                    "upstreams: [{name: u, bind_source: " +
                    sources + ", servers: [" + servers + "]}]\n",
                kLarge)
        .warnings;
  };
  EXPECT_THAT(warnings("30k", "{address: 'h:1'}"),
              ElementsAre("upstreams.u has ports for 28,232 connections, of 30,000 that may come; add addresses to its "
                          "bind_source, or servers"));
  EXPECT_THAT(warnings("auto", "{address: 'h:1'}"), IsEmpty()) << "nobody asked for so many";
  EXPECT_THAT(warnings("0", "{address: 'h:1'}"), IsEmpty());
  EXPECT_THAT(warnings("50k", "{dns: 'h:1'}"), IsEmpty()) << "it may stand for several servers";
  EXPECT_THAT(warnings("28k", "{address: 'h:1'}"), IsEmpty());
  EXPECT_THAT(warnings("50k", "{address: 'h:1'}", "[127.0.0.1, 127.0.0.2]"), IsEmpty());
  EXPECT_THAT(warnings("50k", "{address: 'h:1'}, {address: 'h:2'}"), IsEmpty());
  EXPECT_THAT(warnings("50k", "{address: 'h:1-2'}"), IsEmpty());
  EXPECT_THAT(warnings("50k", "{address: 'h:1'}, {address: 'unix:/a'}"), IsEmpty());
}

TEST(CapacityPlan, WarnsOfUnixSocketsThatNobodyTrustedCanConnectTo) {
  const auto warnings = [](const std::string& bind, const std::string& accept, const std::string& trusted = "[]") {
    return plan("listeners: [{name: e, echo: , bind: [" + bind + "], accept_proxy_protocol: " + accept +
                ", trusted: " + trusted + "}]")
        .warnings;
  };
  EXPECT_THAT(warnings("':1', 'unix:/run/e.sock'", "required", "10.0.0.0/8"),
              ElementsAre("listeners.e denies every client of unix:/run/e.sock: accept_proxy_protocol is required, and "
                          "clients of unix sockets have no address that trusted could hold; bind it in a listener "
                          "without trusted, where the socket's permissions say who may connect"));
  EXPECT_THAT(warnings("'unix:/a', 'unix:@b'", "required", "'::/0'"),
              ElementsAre(HasSubstr("unix:/a:"), HasSubstr("unix:@b:")));
  EXPECT_THAT(warnings("'unix:/a'", "required"), IsEmpty()) << "everybody is trusted";
  EXPECT_THAT(warnings("'unix:/a'", "optional", "10.0.0.0/8"), IsEmpty()) << "served as they are";
  EXPECT_THAT(warnings("'unix:/a'", "'off'", "10.0.0.0/8"), IsEmpty());
  EXPECT_THAT(warnings("':1'", "required", "10.0.0.0/8"), IsEmpty());
}

TEST(CapacityPlan, WarnsOfWhatTheMachineCannotGive) {
  EXPECT_THAT(plan(std::string(kProxy) + "limits: {connections: 15k}").warnings,
              ElementsAre(HasSubstr("limits.connections is 15,000, but descriptors suffice for 9,4")));
  EXPECT_THAT(plan(std::string(kEcho) + "limits: {connections: 15k}").warnings, IsEmpty());
  EXPECT_THAT(plan(kEcho, {20'000, 2, kGibibyte, 128}).warnings,
              ElementsAre("limits.backlog is 4,096, but the kernel caps it at net.core.somaxconn = 128"));
  EXPECT_THAT(plan(std::string(kEcho) + "workers: 3").warnings,
              ElementsAre("workers is 3, but this process may use 2 CPUs"));
  EXPECT_THAT(plan(kEcho, {20, 2, kGibibyte, 4096}).warnings,
              ElementsAre(HasSubstr("no descriptor is left for connections")));
}

TEST(CapacityPlan, WhatIsCheckedOrLookedUpHasItsDescriptors) {
  const auto control_thread = [](const std::string& upstream) {
    return plan("listeners: [{name: e, bind: ':1', echo: {}}]\nupstreams: [{name: u, " + upstream + "}]")
        .reserved.control_thread;
  };
  const std::uint64_t none = control_thread("servers: [{address: 'h:1'}, {address: 'h:2'}]");
  EXPECT_EQ(none, CapacityPlan::Reserved().control_thread);
  EXPECT_EQ(control_thread("health: {}, servers: [{address: 'h:1'}, {address: 'h:2'}]"), none + 2);
  EXPECT_EQ(control_thread("servers: [{dns: 'h:1'}]"), none + kDescriptorsPerLookup);
  EXPECT_EQ(control_thread("health: {}, servers: [{dns: 'h:1'}, {address: 'h:2'}]"),
            none + kDescriptorsPerLookup + kServersPerName + 1);
}

TEST(CapacityPlan, TheAdminEndpointHasItsShare) {
  const auto admin = [](const std::string& section) { return plan(kEcho + section).reserved.admin; };
  EXPECT_EQ(admin(""), 0u);
  EXPECT_EQ(admin("admin: {}"), 66u);
  EXPECT_EQ(admin("admin: {bind: 'unix:/a'}"), 66u);
  EXPECT_EQ(admin("admin: {bind: 'localhost:9900'}"), 68u);
}

TEST(CapacityPlan, ReservedIsTheSumOfItsParts) {
  const CapacityPlan::Reserved reserved{1, 20, 300, 4'000, 50'000, 600'000, 7'000'000, 80'000'000, 900'000'000};
  EXPECT_EQ(reserved.total(), 987'654'321u);
}

TEST(CapacityPlan, WhatTheMachineCanJustGiveIsNoWarning) {
  const std::uint64_t most = plan(kProxy).most_proxied;
  const auto warnings = [](std::uint64_t limit) {
    return plan(std::string(kProxy) + "limits: {connections: " + std::to_string(limit) + "}").warnings;
  };
  EXPECT_THAT(warnings(most), IsEmpty());
  EXPECT_THAT(warnings(most + 1), ElementsAre(HasSubstr("limits.connections is")));
  EXPECT_THAT(plan(kEcho, {20'000, 2, kGibibyte, 4'096}).warnings, IsEmpty());
  EXPECT_THAT(plan(kEcho, {20'000, 2, kGibibyte, 4'095}).warnings, ElementsAre(HasSubstr("limits.backlog")));
  EXPECT_THAT(plan(kEcho, {20'000, 2, kGibibyte, 0}).warnings, IsEmpty()) << "unknown";
  EXPECT_THAT(plan(std::string(kEcho) + "workers: 2").warnings, IsEmpty());
}

TEST(CapacityPlan, DescriptorsThatAreAllReservedAreNoneForConnections) {
  const CapacityPlan none = plan(kEcho, {20, 2, kGibibyte, 4096});
  EXPECT_EQ(none.descriptor_budget, 0u);
  EXPECT_EQ(none.connection_limit(), 0u);
}

TEST(CapacityPlan, AnUpstreamThatNobodyUsesNeedsNoPorts) {
  EXPECT_THAT(plan("limits: {connections: 50k}\nlisteners: [{name: e, bind: ':1', echo: {}}]\n"
                   "upstreams: [{name: u, servers: [{address: 'h:1'}]}]\n",
                   {1'000'000, 2, 64 * kGibibyte, 4096})
                  .warnings,
              IsEmpty());
}

/// TLS on the sides that are asked for, without the files that a loaded configuration would need.
ServerConfig config_with_tls(bool clients, bool backends) {
  ServerConfig config = load_config_text(kProxy, "weir.yaml");
  if (clients) config.listeners[0].tls.emplace();
  if (backends) config.upstreams[0].tls.emplace();
  return config;
}

TEST(CapacityPlan, HandshakesHaveABoundAndEachSideThatIsTlsTakesItsMemory) {
  const auto described = [](bool clients, bool backends) {
    return describe(plan_capacity(config_with_tls(clients, backends), kMachine));
  };
  EXPECT_THAT(described(false, false), ::testing::AllOf(HasSubstr("at 16 KiB\n"), Not(HasSubstr("tls "))));
  EXPECT_THAT(
      described(true, false),
      HasSubstr("80 % of it is enough for 209,715 connections at 32 KiB\n"
                "tls          16 handshakes at once on each worker, and 64 times as many that wait for their clients;\n"
                "             they take 390 MiB at most, at 192 KiB\n"
                "             an established connection takes 16 KiB more for each side that is TLS\n"));
  EXPECT_THAT(described(false, true),
              HasSubstr("at 32 KiB\ntls          an established connection takes 16 KiB more for each side"));
  EXPECT_THAT(described(true, true), HasSubstr("at 48 KiB\ntls          16 handshakes"));
}

TEST(CapacityPlan, AnUpstreamThatOnlyARouteNamesIsUsed) {
  ServerConfig config = config_with_tls(false, true);
  auto& proxy = std::get<ProxyConfig>(config.listeners[0].service);
  EXPECT_TRUE(plan_capacity(config, kMachine).tls.backends);
  proxy.upstream = "";
  EXPECT_FALSE(plan_capacity(config, kMachine).tls.backends);
  proxy.routes.push_back({.names = {}, .alpn = {}, .tls = RouteConfig::Tls::terminate, .upstream = "u"});
  EXPECT_TRUE(plan_capacity(config, kMachine).tls.backends);
  config.limits.connections = 50'000;
  EXPECT_THAT(plan_capacity(config, {1'000'000, 2, 64 * kGibibyte, 4096}).warnings,
              ElementsAre(HasSubstr("upstreams.u has ports for 28,232 connections")));
}

TEST(CapacityPlan, WarnsWhereAnybodyIsTrusted) {
  ServerConfig config = config_with_tls(false, true);
  EXPECT_THAT(plan_capacity(config, kMachine).warnings, IsEmpty());
  config.upstreams[0].tls->verify = tls::ClientOptions::Verify::none;
  EXPECT_THAT(plan_capacity(config, kMachine).warnings,
              ElementsAre(HasSubstr("upstreams.u.tls.verify is none: whoever answers in a backend's place is")));
}

TEST(CapacityPlan, WarnsOfTlsWithinTls) {
  ServerConfig config = config_with_tls(true, true);
  auto& routes = std::get<ProxyConfig>(config.listeners[0].service).routes;
  routes.push_back({.names = {"a"}, .alpn = {}, .tls = RouteConfig::Tls::terminate, .upstream = "u"});
  EXPECT_THAT(plan_capacity(config, kMachine).warnings, IsEmpty());
  routes.push_back({.names = {"b"}, .alpn = {}, .tls = RouteConfig::Tls::pass, .upstream = "u"});
  EXPECT_THAT(plan_capacity(config, kMachine).warnings,
              ElementsAre(HasSubstr("listeners.p.proxy.routes.1 passes clients' TLS on to upstream u, which is")));
  config.upstreams[0].tls.reset();
  EXPECT_THAT(plan_capacity(config, kMachine).warnings, IsEmpty());
}

TEST(CapacityPlan, AProxyIsDescribedWithItsPipes) {
  EXPECT_EQ(describe(plan(std::string(kProxy) + "limits: {connections: 0}", {20'000, 2, 0, 4096})),
            "workers      2 (auto: this process may use 2 CPUs)\n"
            "descriptors  20,000, of which 1,034 are for the daemon itself (2 listening, 1000 for 500 pipes)\n"
            "             enough for 9,483 proxied connections\n"
            "memory       unknown\n"
            "limit        none: connections are refused when descriptors run out\n");
  EXPECT_THAT(describe(plan(kEcho, {20'000, 1, 64u << 20, 4096})),
              ::testing::AllOf(HasSubstr("may use 1 CPU)"), HasSubstr(" at once (auto: memory bounds it)\n")));
}

TEST(CapacityPlan, IsDescribedAtAGlance) {
  EXPECT_EQ(describe(plan(std::string(kEcho) + "workers: 3")),
            "workers      3\n"
            "descriptors  20,000, of which 38 are for the daemon itself (3 listening)\n"
            "             enough for 19,962 echo or discard connections\n"
            "memory       8.00 GiB, 80 % of it is enough for 419,430 connections at 16 KiB\n"
            "limit        19,962 connections at once (auto: descriptors bound it)\n"
            "warning: workers is 3, but this process may use 2 CPUs\n");
}

}  // namespace
}  // namespace weir
