#include <gmock/gmock.h>

#include <array>
#include <string>
#include <vector>

#include "server/config/config_loader.hpp"
#include "server/config/overrides.hpp"

namespace weir {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const char* const kProxy = R"(
listeners:
  - {name: front.a, bind: ":7000", proxy: {upstream: db-main}}
upstreams:
  - {name: db, servers: [{address: "127.0.0.1:1"}]}
  - {name: db-main, servers: [{address: "127.0.0.1:2"}]}
)";

ServerConfig load(std::vector<Override> overrides) { return load_config_text(kProxy, "weir.yaml", overrides); }

std::vector<std::string> problems_with(const std::string& variable, const std::string& value,
                                       const std::string& text = kProxy) {
  try {
    load_config_text(text, "weir.yaml", std::vector<Override>{{"", value, variable}});
    return {};
  } catch (const ConfigError& error) {
    std::vector<std::string> lines;
    for (const ConfigProblem& problem : error.problems()) lines.push_back(problem.to_string());
    return lines;
  }
}

TEST(EnvironmentOverrides, AreThoseOfThePrefixInOrder) {
  const std::array<const char*, 5> environment{"WEIR_SET_b=2=3", "WEIR_SETTING=1", "WEIR_SET_a=", "HOME=/", nullptr};
  EXPECT_THAT(environment_overrides(environment.data()),
              ElementsAre(Override{"", "", "WEIR_SET_a"}, Override{"", "2=3", "WEIR_SET_b"}));
}

TEST(EnvironmentOverrides, KeysHoldUnderscores) {
  const ServerConfig config =
      load({{"", "7/s", "WEIR_SET_limits_rate_per_source"}, {"", "9s", "WEIR_SET_DRAIN_TIMEOUT"}});
  EXPECT_EQ(config.limits.rate_per_source.count, 7u);
  EXPECT_EQ(config.drain_timeout, std::chrono::seconds(9));
}

TEST(EnvironmentOverrides, LongestNameOfTheFileIsMeant) {
  const ServerConfig config = load({{"", "1s", "WEIR_SET_upstreams_db_connect_timeout"},
                                    {"", "2s", "WEIR_SET_UPSTREAMS_DB_MAIN_CONNECT_TIMEOUT"},
                                    {"", "3s", "WEIR_SET_listeners_front_a_timeouts_half_close"}});
  EXPECT_EQ(config.upstreams[0].connect.timeout, std::chrono::seconds(1));
  EXPECT_EQ(config.upstreams[1].connect.timeout, std::chrono::seconds(2));
  EXPECT_EQ(config.listeners[0].timeouts.half_close, std::chrono::seconds(3));
}

TEST(EnvironmentOverrides, ItemsHaveAnIndex) {
  EXPECT_EQ(load({{"", "5", "WEIR_SET_upstreams_1_servers_0_max_connections"}}).upstreams[1].servers[0].max_connections,
            5u);
}

TEST(EnvironmentOverrides, ProblemsNameTheVariable) {
  EXPECT_THAT(problems_with("WEIR_SET_log_levle", "debug"),
              ElementsAre(HasSubstr("WEIR_SET_log_levle: log.levle: unknown key; did you mean \"level\"?")));
  EXPECT_THAT(problems_with("WEIR_SET_drain_timeout", "soon"), ElementsAre(HasSubstr("WEIR_SET_drain_timeout: ")));
  EXPECT_THAT(problems_with("WEIR_SET_upstreams_dv_queue_size", "1"),
              ElementsAre(HasSubstr("WEIR_SET_upstreams_dv_queue_size: no item \"dv_queue_size\" here")));
  EXPECT_THAT(problems_with("WEIR_SET_", "1"),
              ElementsAre("WEIR_SET_: names no key; write WEIR_SET_path_to_key=value"));
  EXPECT_THAT(problems_with("WEIR_SET_log__level", "1"), ElementsAre(HasSubstr("WEIR_SET_log__level: names no key")));
}

const char* const kClash = R"(
listeners:
  - {name: db, bind: ":7000", echo: {}}
  - {name: db-timeouts, bind: ":7001", echo: {}}
)";

TEST(EnvironmentOverrides, NameThatEndsLikeAKeyIsAnErrorWhereBothLeadToAKey) {
  EXPECT_THAT(problems_with("WEIR_SET_listeners_DB_timeouts_idle", "1s", kClash),
              ElementsAre("WEIR_SET_listeners_DB_timeouts_idle: may mean \"db\" or \"db-timeouts\"; say the index "
                          "instead: WEIR_SET_listeners_0_timeouts_idle or WEIR_SET_listeners_1_idle"));
  EXPECT_THAT(problems_with("WEIR_SET_listeners_db_timeouts", "{idle: 1s}", kClash),
              ElementsAre("WEIR_SET_listeners_db_timeouts: may mean \"db\" or \"db-timeouts\"; say the index instead: "
                          "WEIR_SET_listeners_0_timeouts or WEIR_SET_listeners_1"));
}

TEST(EnvironmentOverrides, NameThatLeadsToNoKeyIsNotMeant) {
  const std::string text = R"(
listeners: [{name: a, bind: ":7000", proxy: {upstream: db}}, {name: b, bind: ":7001", proxy: {upstream: db-on}}]
upstreams: [{name: db, servers: [{address: "h:1"}]}, {name: db-on, servers: [{address: "h:2"}]}]
)";
  const std::vector<Override> override{{"", "reset", "WEIR_SET_upstreams_db_on_down"}};
  EXPECT_EQ(load_config_text(text, "weir.yaml", override).upstreams[0].on_down, UpstreamConfig::OnDown::reset)
      << "no key is called down";
}

TEST(EnvironmentOverrides, NamesThatLookAlikeAreAnError) {
  EXPECT_THAT(problems_with("WEIR_SET_listeners_a_b_bind", ":1",
                            "listeners: [{name: a.b, bind: ':2', echo: {}}, {name: a-b, bind: ':3', echo: {}}]"),
              ElementsAre("WEIR_SET_listeners_a_b_bind: may mean \"a.b\" or \"a-b\"; say the index instead: "
                          "WEIR_SET_listeners_0_bind or WEIR_SET_listeners_1_bind"));
}

}  // namespace
}  // namespace weir
