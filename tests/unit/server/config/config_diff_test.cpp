#include "server/config/config_diff.hpp"

#include <gmock/gmock.h>

#include <string>

#include "server/config/config_loader.hpp"
#include "server/upstream/backend_entry.hpp"

namespace weir {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

ServerConfig load(const std::string& text) { return load_config_text(text, "weir.yaml"); }

ConfigDiff diff(const std::string& before, const std::string& after) { return diff_configs(load(before), load(after)); }

constexpr const char* kProxy = "listeners: [{name: db, bind: \":1\", proxy: {upstream: pg}}]\n";

std::string upstream(const std::string& rest) {
  return kProxy + std::string("upstreams:\n  - {name: pg, ") + rest + "}\n";
}

TEST(ConfigDiff, ListenersAreToldApartByTheirNamesWhateverTheirOrder) {
  const std::string one = "{name: a, bind: \":1\", echo: {}}";
  const std::string two = "{name: b, bind: \":2\", echo: {}}";
  const std::string other = "{name: c, bind: \":3\", discard: {}}";
  EXPECT_TRUE(diff("listeners: [" + one + ", " + two + "]", "listeners: [" + two + ", " + one + "]").empty());
  const ConfigDiff changes = diff("listeners: [" + one + ", " + two + "]", "listeners: [" + two + ", " + other + "]");
  EXPECT_THAT(changes.listeners, ElementsAre(ListenerDiff{"a", ItemChange::removed, {}, {}, {":1"}},
                                             ListenerDiff{"c", ItemChange::added, {}, {":3"}, {}}));
  EXPECT_THAT(changes.process, IsEmpty());
}

TEST(ConfigDiff, KeysOfAListenerAreComparedOneByOne) {
  const ConfigDiff changes = diff("listeners: [{name: a, bind: \":1\", echo: {}, deny: [10.0.0.1]}]",
                                  "listeners: [{name: a, bind: \":1\", discard: {}, deny: [10.0.0.2],\n"
                                  "             timeouts: {idle: 1h}, tcp: {keepalive: off}}]");
  ASSERT_EQ(changes.listeners.size(), 1u);
  EXPECT_THAT(changes.listeners[0].keys,
              testing::UnorderedElementsAre(
                  KeyChange{"echo", "{transform: none}", "absent"}, KeyChange{"discard", "absent", "{}"},
                  KeyChange{"deny", "", "", {"10.0.0.2"}, {"10.0.0.1"}}, KeyChange{"timeouts.idle", "10m", "1h"},
                  KeyChange{"tcp.keepalive", "{idle: 1m, interval: 10s, count: 3}", "off"}));
}

TEST(ConfigDiff, SocketsThatOpenAndCloseAreNamedByTheirPorts) {
  const ConfigDiff changes = diff("listeners: [{name: a, bind: [\":1\", \"127.0.0.1:5-7\"], echo: {}}]",
                                  "listeners: [{name: a, bind: [\"127.0.0.1:6-8\", \":1\"], echo: {}}]");
  EXPECT_THAT(changes.listeners,
              ElementsAre(ListenerDiff{"a", ItemChange::changed, {}, {"127.0.0.1:8"}, {"127.0.0.1:5"}}));
}

TEST(ConfigDiff, OrderCountsWhereItMeansSomething) {
  const std::string listener = "listeners: [{name: a, bind: \":1\", echo: {}, allow: [10.0.0.1, 10.0.0.2]}]\n";
  const std::string turned = "listeners: [{name: a, bind: \":1\", echo: {}, allow: [10.0.0.2, 10.0.0.1]}]\n";
  EXPECT_TRUE(diff(listener, turned).empty());
  EXPECT_THAT(
      diff(listener + "dns: {servers: [192.0.2.1, 192.0.2.2]}", turned + "dns: {servers: [192.0.2.2, 192.0.2.1]}")
          .process,
      ElementsAre(KeyChange{"dns.servers", "[192.0.2.1:53, 192.0.2.2:53]", "[192.0.2.2:53, 192.0.2.1:53]"}));
}

TEST(ConfigDiff, BackendsAreToldApartAsTheUpstreamDoes) {
  const ConfigDiff changes = diff(
      upstream("servers: [{address: \"a:1\"}, {address: \"b:2\", weight: 2}, {dns: \"c:3\"}, {dns: d, record: srv}]"),
      upstream("servers: [{address: \"b:2\", weight: 3}, {address: \"b:2\"}, {dns: \"c:3\", backup: true}]"));
  ASSERT_EQ(changes.upstreams.size(), 1u);
  EXPECT_EQ(changes.upstreams[0].change, ItemChange::changed);
  EXPECT_THAT(changes.upstreams[0].keys, IsEmpty());
  EXPECT_THAT(
      changes.upstreams[0].backends,
      ElementsAre(BackendDiff{"a:1", 0, ItemChange::removed, {}},
                  BackendDiff{"b:2", 0, ItemChange::changed, {{"weight", "2", "3"}}},
                  BackendDiff{"a c:3", 0, ItemChange::changed, {{"backup", "false", "true"}}},
                  BackendDiff{"srv d:0", 0, ItemChange::removed, {}}, BackendDiff{"b:2", 1, ItemChange::added, {}}));
}

TEST(ConfigDiff, ABackendIsCalledAsItsKeyCallsIt) {
  const ServerConfig all = load(
      "listeners: [{name: db, bind: \":1-3\", proxy: {upstream: pg}}]\n"
      "upstreams:\n  - name: pg\n    servers: [{address: \"[::1]:1\"}, {address: \"unix:/s\"}, {address: \"a:1-3\"},\n"
      "      {address: \"a:1-3\"}, {dns: \"c:3\"}, {dns: \"c:3\", record: a}, {dns: _p._tcp.d, record: srv}]\n");
  ServerConfig none = all;
  none.upstreams.clear();
  const ConfigDiff changes = diff_configs(none, all);
  ASSERT_EQ(changes.upstreams.size(), 1u);
  std::vector<BackendKey> keys;
  for (const BackendDiff& backend : changes.upstreams[0].backends) keys.push_back({backend.target, backend.ordinal});
  std::vector<BackendKey> expected;
  for (const auto& entry : make_entries(all.upstreams[0].servers)) expected.push_back(entry->key);
  EXPECT_EQ(keys, expected);
}

TEST(ConfigDiff, RoutesAreComparedByTheirPlacesAndAsAWholeWhereThereAreMore) {
  const auto routed = [](const std::string& routes) {
    return "listeners: [{name: a, bind: \":1\", proxy: {routes: [" + routes +
           "]}}]\nupstreams: [{name: u, servers: [{address: \"h:1\"}]}, {name: v, servers: [{address: \"h:2\"}]}]\n";
  };
  const std::string first = "{names: [a, b], upstream: u}";
  const auto changes = [&](const std::string& before, const std::string& after) {
    const ConfigDiff all = diff(routed(before), routed(after));
    return all.listeners.empty() ? std::vector<KeyChange>() : all.listeners.at(0).keys;
  };
  EXPECT_THAT(changes(first, "{names: [b, a], upstream: u}"), IsEmpty());
  EXPECT_THAT(changes(first + ", {upstream: u}", first + ", {upstream: v}"),
              ElementsAre(KeyChange{"proxy.routes.1.upstream", "u", "v"}));
  EXPECT_THAT(changes(first, "{names: [c, a], upstream: u}"),
              ElementsAre(KeyChange{"proxy.routes.0.names", "", "", {"c"}, {"b"}}));
  EXPECT_THAT(changes("{names: a, upstream: u}", "{names: a, upstream: u}, {upstream: v}"),
              ElementsAre(KeyChange{"proxy.routes", "[{names: [a], alpn: [], tls: pass, upstream: u}]",
                                    "[{names: [a], alpn: [], tls: pass, upstream: u}, {names: [], alpn: [], tls: "
                                    "pass, upstream: v}]"}));
}

TEST(ConfigDiff, HandshakesAtOnceCannotChangeWhileItRuns) {
  const std::string plain = "listeners: [{name: a, bind: \":1\", echo: {}}]\n";
  const ConfigDiff changes = diff(plain, plain + "tls: {handshakes: 8}\n");
  ASSERT_EQ(changes.refused.size(), 1u);
  EXPECT_EQ(changes.refused[0].to_string(),
            "tls.handshakes: 16 -> 8 cannot change while it runs; restart or upgrade the daemon");
}

TEST(ConfigDiff, SectionsThatComeAndGoAreWhole) {
  const std::string plain = upstream("servers: [{address: \"a:1\"}]");
  EXPECT_THAT(diff(plain, plain + "admin: {hosts: [weir.internal]}\n").process,
              ElementsAre(KeyChange{"admin", "absent",
                                    "{bind: 127.0.0.1:9900, token_file: \"\", read_token: false, hosts: "
                                    "[weir.internal], unix: {mode: 0660, owner: \"\", group: \"\"}}"}));
}

TEST(ConfigDiff, TheNumberOfWorkersIsRefusedWithWhatToDoInstead) {
  const std::string plain = "listeners: [{name: a, bind: \":1\", echo: {}}]\n";
  const ConfigDiff changes = diff(plain + "workers: 2\n", plain + "workers: 4\ndrain_timeout: 1m\n");
  ASSERT_EQ(changes.refused.size(), 1u);
  EXPECT_EQ(changes.refused[0].to_string(),
            "workers: 2 -> 4 cannot change while it runs; restart or upgrade the daemon");
  EXPECT_THAT(changes.process, ElementsAre(KeyChange{"drain_timeout", "30s", "1m"}));
}

TEST(ConfigDiff, WhatBecomesOfARemovedListenerIsThatOfTheNextConfiguration) {
  const std::string plain = "listeners: [{name: a, bind: \":1\", echo: {}}]\n";
  EXPECT_FALSE(diff(plain + "removed_listener: cut\n", plain).cuts_removed);
  const ConfigDiff changes = diff(plain, plain + "removed_listener: cut\ndrain_timeout: 7s\n");
  EXPECT_TRUE(changes.cuts_removed);
  EXPECT_EQ(changes.drain_timeout, "7s");
}

TEST(ConfigDiff, KeysOfAnotherVersionAreComparedToo) {
  const ConfigDiff changes = diff_dumps("a: 1\nlisteners:\n  - {name: x, bind: [\"fd:y\"], new: {key: \"\"}}\n",
                                        "listeners:\n  - {name: x, bind: [\"fd:y\"], new: {key: \"\\x1b[2J\"}}\n");
  EXPECT_THAT(changes.process, ElementsAre(KeyChange{"a", "1", "absent"}));
  ASSERT_EQ(changes.listeners.size(), 1u);
  EXPECT_THAT(changes.listeners[0].keys, ElementsAre(KeyChange{"new.key", "\"\"", "\\x1b[2J"}));
}

TEST(ConfigDiff, AConfigurationMayBeLargerDumpedThanAFileMayBe) {
  ServerConfig many = load("listeners: [{name: a, bind: \":1\", echo: {}}]");
  for (int at = 0; at < 4000; ++at) {
    many.listeners.push_back(many.listeners[0]);
    many.listeners.back().name = "l" + std::to_string(at);
  }
  ServerConfig one_less = many;
  one_less.listeners.pop_back();
  EXPECT_EQ(diff_configs(many, one_less).listeners.size(), 1u);
}

}  // namespace
}  // namespace weir
