#include "server/config/config_diff_text.hpp"

#include <gtest/gtest.h>

#include <string>

#include "server/config/config_loader.hpp"

namespace weir {
namespace {

std::string told(const std::string& before, const std::string& after, const ConnectionCounts& counts = {}) {
  return describe(diff_configs(load_config_text(before, "f"), load_config_text(after, "f")), counts);
}

constexpr const char* kBefore = R"(
workers: 2
listeners:
  - {name: db, bind: "127.0.0.1:7001", proxy: {upstream: pg}}
  - {name: old, bind: "127.0.0.1:7002", echo: {}}
  - {name: moved, bind: "127.0.0.1:7004", echo: {}}
upstreams:
  - {name: pg, servers: [{address: "10.0.0.1:5432"}, {address: "10.0.0.2:5432"}]}
  - {name: gone, servers: [{address: "10.0.0.9:1"}]}
)";

constexpr const char* kAfter = R"(
workers: 4
log: {level: debug}
listeners:
  - {name: moved, bind: "127.0.0.1:7005", echo: {}}
  - {name: new, bind: "127.0.0.1:7003", discard: {}}
  - {name: db, bind: "127.0.0.1:7001", proxy: {upstream: pg}, timeouts: {idle: 1h}, allow: [10.0.0.0/8]}
upstreams:
  - {name: more, servers: [{address: "10.0.0.8:1"}, {dns: "db.internal:5432"}]}
  - {name: pg, connect: {timeout: 1s}, servers: [{address: "10.0.0.4:5432"}, {address: "10.0.0.1:5432", weight: 2}]}
)";

TEST(ConfigDiffText, SaysWhatChangesAndWhomItTouches) {
  const ConnectionCounts counts{
      {{"db", 12}, {"old", 3}, {"moved", 1}},
      {{{"pg", "10.0.0.2:5432"}, 5}, {{"pg", "10.0.0.1:5432"}, 7}, {{"gone", "10.0.0.9:1"}, 1}}};
  EXPECT_EQ(told(kBefore, kAfter, counts),
            "! workers: 2 -> 4 cannot change while it runs; restart or upgrade the daemon\n"
            "- listener old closes 127.0.0.1:7002; 3 connections go on until they end\n"
            "~ listener db: allow with 10.0.0.0/8; timeouts.idle 10m -> 1h (12 connections go on as they are)\n"
            "~ listener moved: closes 127.0.0.1:7004; opens 127.0.0.1:7005 (1 connection goes on as it is)\n"
            "+ listener new on 127.0.0.1:7003\n"
            "- upstream gone; 1 connection goes on until it ends\n"
            "~ upstream pg: ~ backend 10.0.0.1:5432 weight 1 -> 2; "
            "- backend 10.0.0.2:5432 (5 connections go on until they end); + backend 10.0.0.4:5432; "
            "connect.timeout 5s -> 1s\n"
            "+ upstream more with 10.0.0.8:1, a db.internal:5432\n"
            "~ log.level info -> debug\n");
}

TEST(ConfigDiffText, SaysNothingOfConnectionsWhereThereAreNone) {
  const std::string text = told(kBefore, kAfter);
  EXPECT_EQ(text.find("connection"), std::string::npos) << text;
  EXPECT_EQ(told(kBefore, kBefore), "");
}

TEST(ConfigDiffText, SaysWhenARemovedListenersConnectionsAreCut) {
  const std::string keep = "listeners: [{name: a, bind: \":1\", echo: {}}";
  const std::string both = keep + ", {name: b, bind: \":2\", echo: {}}]\nremoved_listener: cut\n";
  const ConnectionCounts counts{{{"b", 2}}, {}};
  EXPECT_EQ(told(both, keep + "]\nremoved_listener: cut\n", counts),
            "- listener b closes :2; 2 connections have 30s to end before the rest is cut\n");
  EXPECT_EQ(told(both, keep + "]\nremoved_listener: cut\ndrain_timeout: 0\n", counts),
            "- listener b closes :2; 2 connections are cut at once\n~ drain_timeout 30s -> 0s\n");
}

TEST(ConfigDiffText, LongListsAreCutShort) {
  const std::string before = "listeners: [{name: a, bind: \":1\", echo: {}}]";
  EXPECT_EQ(told(before,
                 "listeners: [{name: a, bind: \":1\", echo: {}, deny: [10.0.0.1, 10.0.0.2, 10.0.0.3, 10.0.0.4,"
                 " 10.0.0.5, 10.0.0.6, 10.0.0.7]}]"),
            "~ listener a: deny with 10.0.0.1, 10.0.0.2, 10.0.0.3, 10.0.0.4, 10.0.0.5 and 2 more\n");
}

}  // namespace
}  // namespace weir
