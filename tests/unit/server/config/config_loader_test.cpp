#include "server/config/config_loader.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "common/units.hpp"
#include "server/config/config_file.hpp"

namespace weir {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const char* const kEcho = "listeners: [{name: echo, bind: '127.0.0.1:7000', echo: {}}]\n";

std::vector<std::string> problems_of(std::string_view text, std::vector<Override> overrides = {}) {
  try {
    load_config_text(text, "weir.yaml", overrides);
    return {};
  } catch (const ConfigError& error) {
    std::vector<std::string> lines;
    for (const ConfigProblem& problem : error.problems()) lines.push_back(problem.to_string());
    return lines;
  }
}

std::vector<std::string> problems_of_file(const std::string& path) {
  try {
    load_config_file(path);
    return {};
  } catch (const ConfigError& error) {
    std::vector<std::string> lines;
    for (const ConfigProblem& problem : error.problems()) lines.push_back(problem.to_string());
    return lines;
  }
}

/// The problems of a listener's or the whole file's extra lines, without the place.
std::string problem_with(const std::string& more) {
  const std::vector<std::string> lines = problems_of(kEcho + more);
  if (lines.size() != 1) return std::to_string(lines.size()) + " problems";
  return lines[0].substr(lines[0].find(' ') + 1);
}

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "weir-config-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string file(const std::string& name, std::string_view text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
    return path_ / name;
  }
  std::string path(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

TEST(ConfigLoader, WhatIsLeftOutHasItsDefault) {
  const ServerConfig config = load_config_text(kEcho, "weir.yaml");
  ServerConfig expected;
  ListenerConfig echo;
  echo.name = "echo";
  echo.bind = {parse_address("127.0.0.1:7000", AddressUse::bind)};
  expected.listeners = {echo};
  EXPECT_EQ(config, expected);
}

TEST(ConfigLoader, EveryKeyReachesItsField) {
  const ServerConfig config = load_config_text(R"(
workers: 3
drain_timeout: 1m
log: {level: debug, format: json, file: /var/log/weir.log}
access_log: {enabled: false, format: json, file: /var/log/access.log, sample: 10, only: failed}
limits: {connections: 20k, backlog: 128, per_source: 7, rate: 100/s, rate_per_source: 2k/m}
defaults: {timeouts: {idle: 1s, half_close: 2s, lifetime: 3s, header: 4s}}
listeners:
  - name: shout
    bind: [":7001", "[::1]:7002", "unix:@shout"]
    echo: {transform: upper}
    timeouts: {lifetime: 0}
    limits: {connections: 5, per_source: 6, rate: 7/h, rate_per_source: 0}
    allow: [10.0.0.0/8, "::1"]
    deny: 10.0.0.1
    accept_proxy_protocol: optional
    trusted: 192.0.2.1
  - name: sink
    bind: unix:/run/sink.sock
    discard:
    unix: {mode: "0600", owner: root, group: 0}
    tcp: {nodelay: false, keepalive: {idle: 1s, interval: 2s, count: 4}, user_timeout: 1500ms, fast_open: 5}
  - name: db
    bind: 127.0.0.1:5433
    proxy: {upstream: postgres}
    tcp: {keepalive: off}
upstreams:
  - name: postgres
    balance: least_connections
    servers: [{address: "db1:5432", weight: 3, max_connections: 4, backup: true}, {address: "unix:/run/pg.sock"}]
    connect: {timeout: 1500ms, attempts: 5, delay: 0, abort_on: close}
    queue: {size: 6, timeout: 7s}
    health: {interval: 1s, timeout: 2s, fall: 3, rise: 4, send: "PING\r\n", expect: '\x2bPONG\\'}
    eject: {failures: 8, for: 9s}
    slow_start: 10s
    tcp: {nodelay: false}
    send_proxy_protocol: v2
    bind_source: [127.0.0.1, "fe80::1%lo"]
    on_down: reset
)",
                                               "weir.yaml");
  EXPECT_EQ(config.workers, 3u);
  EXPECT_EQ(config.drain_timeout, 60s);
  EXPECT_EQ(config.log, (LogConfig{LogLevel::debug, LogFormat::json, "/var/log/weir.log"}));
  EXPECT_EQ(config.access_log,
            (AccessLogConfig{false, LogFormat::json, "/var/log/access.log", 10, AccessLogConfig::Only::failed}));
  EXPECT_EQ(
      config.limits,
      (LimitsConfig{
          .connections = 20000, .per_source = 7, .rate = {100, 1s}, .rate_per_source = {2000, 60s}, .backlog = 128}));
  ASSERT_THAT(config.listeners, SizeIs(3));
  EXPECT_THAT(config.listeners[0].bind,
              ElementsAre(parse_address(":7001", AddressUse::bind), parse_address("[::1]:7002", AddressUse::bind),
                          parse_address("unix:@shout", AddressUse::bind)));
  EXPECT_EQ(std::get<EchoConfig>(config.listeners[0].service).transform, EchoConfig::Transform::upper);
  EXPECT_EQ(config.listeners[0].timeouts, (TimeoutsConfig{1s, 2s, 0s, 4s}));
  EXPECT_EQ(config.listeners[0].limits, (ScopeLimits{5, 6, {7, 1h}, {}, {}}));
  EXPECT_EQ(config.listeners[0].access, (AccessConfig{{"10.0.0.0/8", "::1"}, {"10.0.0.1"}, "", ""}));
  EXPECT_TRUE(std::holds_alternative<DiscardConfig>(config.listeners[1].service));
  EXPECT_EQ(config.listeners[1].unix_socket, (UnixConfig{0600, "root", "0"}));
  EXPECT_EQ(config.listeners[1].timeouts, (TimeoutsConfig{1s, 2s, 3s, 4s}));
  EXPECT_EQ(config.listeners[1].tcp, (TcpConfig{false, {true, 1s, 2s, 4}, 1500ms, 5}));
  EXPECT_EQ(std::get<ProxyConfig>(config.listeners[2].service).upstream, "postgres");
  EXPECT_FALSE(config.listeners[2].tcp.keepalive.enabled);
  ASSERT_THAT(config.upstreams, SizeIs(1));
  EXPECT_EQ(config.upstreams[0].connect, (ConnectConfig{1500ms, 5, 0ms, ConnectConfig::AbortOn::close}));
  EXPECT_EQ(config.upstreams[0].servers[1].address.to_string(), "unix:/run/pg.sock");
  EXPECT_EQ(config.upstreams[0].balance, UpstreamConfig::Balance::least_connections);
  EXPECT_EQ(config.upstreams[0].servers[0].weight, 3u);
  EXPECT_EQ(config.upstreams[0].servers[0].max_connections, 4u);
  EXPECT_TRUE(config.upstreams[0].servers[0].backup);
  EXPECT_EQ(config.upstreams[0].queue, (QueueConfig{6, 7s}));
  EXPECT_EQ(config.upstreams[0].health, (HealthConfig{1s, 2s, 3, 4, "PING\r\n", "+PONG\\"}));
  EXPECT_EQ(config.upstreams[0].eject, (EjectConfig{8, 9s}));
  EXPECT_EQ(config.upstreams[0].slow_start, 10s);
  EXPECT_EQ(config.listeners[0].accept_proxy_protocol, ListenerConfig::ProxyHeaders::optional);
  EXPECT_THAT(config.listeners[0].trusted, ElementsAre("192.0.2.1"));
  EXPECT_EQ(config.upstreams[0].send_proxy_protocol, ProxyVersion::v2);
  EXPECT_EQ(config.upstreams[0].on_down, UpstreamConfig::OnDown::reset);
  EXPECT_THAT(config.upstreams[0].bind_source, ElementsAre("127.0.0.1", "fe80::1%lo"));
  EXPECT_FALSE(config.upstreams[0].tcp.nodelay);
}

TEST(ConfigLoader, AllProblemsOfAFileAreReportedInTheOrderOfLines) {
  EXPECT_THAT(problems_of(R"(workers: many
listeners:
  - name: db
    bind: 127.0.0.1:70000
    proxy: {upstream: postgers}
    timeouts:
      idel: 5s
upstreams:
  - name: postgres
    servers: [{address: "127.0.0.1:5432"}]
    connect: {timeout: -5s}
)"),
              ElementsAre("weir.yaml:1:10: workers: \"many\" is wrong; write auto, or a whole number from 1 to 1024",
                          "weir.yaml:4:11: listeners.db.bind: \"127.0.0.1:70000\" has the port 70000, but the highest "
                          "is 65535",
                          "weir.yaml:5:23: listeners.db.proxy.upstream: there is no upstream \"postgers\"; did you "
                          "mean \"postgres\"?",
                          "weir.yaml:7:7: listeners.db.timeouts.idel: unknown key; did you mean \"idle\"?",
                          "weir.yaml:11:24: upstreams.postgres.connect.timeout: \"-5s\" is negative; write a duration "
                          "as 250ms, 5s, 10m or 1h"));
}

TEST(ConfigLoader, UnknownKeyWithoutANearOneListsWhatIsKnown) {
  EXPECT_EQ(problem_with("limits: {colour: red}"),
            "limits.colour: unknown key; known are connections, backlog, per_source, "
            "rate, rate_per_source");
  EXPECT_EQ(problem_with("worker: 2"), "worker: unknown key; did you mean \"workers\"?");
}

TEST(ConfigLoader, RulesMayNameTheClientsOfUnixSockets) {
  const std::string listener = "listeners: [{name: e, bind: 'unix:/e', echo: {}, ";
  const ServerConfig config = load_config_text(listener + "allow: [10.0.0.1, unix], deny: unix}]", "weir.yaml");
  EXPECT_EQ(config.listeners[0].access.allow, (std::vector<std::string>{"10.0.0.1", "unix"}));
  EXPECT_EQ(config.listeners[0].access.deny, std::vector<std::string>{"unix"});
  for (const char* wrong : {"allow: Unix", "deny: 'unix:'", "deny: 'unix:/e'", "trusted: unix"}) {
    EXPECT_THROW(load_config_text(listener + wrong + "}]", "weir.yaml"), ConfigError) << wrong;
  }
}

TEST(ConfigLoader, TheAdminEndpointIsThereOnlyWhereItsSectionStands) {
  EXPECT_FALSE(load_config_text(kEcho, "weir.yaml").admin);
  EXPECT_EQ(load_config_text(std::string(kEcho) + "admin: {}\n", "weir.yaml").admin, AdminConfig());
  EXPECT_EQ(load_config_text(kEcho, "weir.yaml", std::vector<Override>{{"admin.bind", ":9"}}).admin->bind.port, 9);
}

TEST(ConfigLoader, TheAdminEndpointBindsWhatNoListenerBinds) {
  EXPECT_EQ(problem_with("admin: {bind: '127.0.0.1:7000'}"),
            "listeners.echo.bind: 127.0.0.1:7000 is already bound on line 2; use another port");
  EXPECT_THAT(problems_of("listeners: [{name: echo, bind: ':9900', echo: {}}]\nadmin: {}\n"),
              ElementsAre(HasSubstr("overlaps 127.0.0.1:9900, which is bound on line 2")));
  EXPECT_THAT(problem_with("admin: {bind: '127.0.0.1:1-2'}"), HasSubstr("has a range of ports, but one is needed"));
}

TEST(ConfigLoader, ATokenFileIsForItsOwnerAlone) {
  const TemporaryFolder folder;
  const std::string file = folder.file("token", "secret\n");
  ::chmod(file.c_str(), 0640);
  EXPECT_EQ(problem_with("admin: {token_file: " + file + "}"),
            "admin.token_file: \"" + file + "\" is open to its group or to others; run: chmod 600 " + file);
  ::chmod(file.c_str(), 0600);
  EXPECT_THAT(problems_of(kEcho + ("admin: {token_file: " + file + ", read_token: true}")), IsEmpty());
  EXPECT_THAT(problem_with("admin: {token_file: /nowhere, read_token: true}"),
              HasSubstr("\"/nowhere\" cannot be read: No such file or directory"));
  EXPECT_EQ(problem_with("admin: {read_token: true}"),
            "admin.read_token: needs `token_file`; write the path of a file that holds the token");
}

TEST(ConfigLoader, HostsOfTheAdminEndpointAreNamesWithoutAPort) {
  EXPECT_THAT(problems_of(kEcho + std::string("admin: {hosts: [weir.internal, a-b]}")), IsEmpty());
  EXPECT_EQ(
      problem_with("admin: {hosts: ['weir.internal:9900']}"),
      "admin.hosts.0: \"weir.internal:9900\" is not a host name; write one without a port, such as weir.internal");
}

TEST(ConfigLoader, DuplicateKeyNamesTheFirst) {
  EXPECT_THAT(problems_of(std::string(kEcho) + "workers: 2\nlog: {}\nworkers: 3\n"),
              ElementsAre("weir.yaml:4:1: workers: appears twice, first on line 2; keep one"));
}

TEST(ConfigLoader, WrongTypesAreErrors) {
  EXPECT_EQ(problem_with("workers: '4'"), "workers: \"4\" is wrong; write auto, or a whole number from 1 to 1024");
  EXPECT_EQ(problem_with("workers: 0"), "workers: \"0\" is not a whole number from 1 to 1024");
  EXPECT_EQ(problem_with("workers: 1025"), "workers: \"1025\" is not a whole number from 1 to 1024");
  EXPECT_EQ(problem_with("workers: 99999999999"), "workers: \"99999999999\" is not a whole number from 1 to 1024");
  EXPECT_EQ(problem_with("workers:"), "workers: has no value; write auto, or a whole number from 1 to 1024");
  EXPECT_EQ(problem_with("workers: [2]"), "workers: is a list; write auto, or a whole number from 1 to 1024");
  EXPECT_EQ(problem_with("log: debug"), "log: is text, but must be a map of keys and values");
  EXPECT_EQ(problem_with("log: {level: loud}"),
            "log.level: \"loud\" is unknown; write trace, debug, info, warning, error or off");
  EXPECT_EQ(problem_with("log: {file: ''}"), "log.file: is empty; write a path, or \"-\" for stderr");
  EXPECT_THAT(problem_with("log: {file: \"/a\\0b\"}"), HasSubstr("\"/a\\x00b\" holds a control character"));
  EXPECT_EQ(problem_with("access_log: {enabled: yes}"),
            "access_log.enabled: \"yes\" is not a boolean; write true or false");
  EXPECT_EQ(problem_with("access_log: {enabled: 'true'}"),
            "access_log.enabled: \"true\" is not a boolean; write true or false");
  EXPECT_EQ(problem_with("access_log: {sample: 0}"),
            "access_log.sample: \"0\" is not a whole number from 1 to 1000000000");
  EXPECT_EQ(problem_with("drain_timeout: 30"),
            "drain_timeout: \"30\" has no unit; write a duration as 250ms, 5s, 10m or 1h");
  EXPECT_EQ(problem_with("drain_timeout: {}"), "drain_timeout: is a map; write a duration such as 30s");
  EXPECT_EQ(problem_with("drain_timeout:"), "drain_timeout: has no value; write a duration such as 30s");
  EXPECT_EQ(problem_with("drain_timeout: 100us"),
            "drain_timeout: \"100us\" is finer than a millisecond; write 1ms or more");
  EXPECT_EQ(problem_with("limits: {connections: -1}"),
            "limits.connections: \"-1\" is not a limit; write auto, or a number of connections (0 for no limit)");
  EXPECT_EQ(problem_with("upstreams: {}"), "upstreams: is a map, but must be a list of upstreams");
  EXPECT_EQ(problem_with("? [a, b]\n: c\n"), "a key must be text, not a list");
  EXPECT_THAT(problems_of("listeners: {name: a}"), ElementsAre(HasSubstr("listeners: is a map, but must be a list")));
  EXPECT_THAT(problems_of("- 1\n- 2\n"), ElementsAre("weir.yaml:1:1: is a list, but must be a map of keys and values"));
  EXPECT_THAT(problems_of("just words"), ElementsAre("weir.yaml:1:1: is text, but must be a map of keys and values"));
}

TEST(ConfigLoader, TheSpreadOfADrainIsPartOfIt) {
  EXPECT_EQ(problem_with("drain_spread: 31s"),
            "drain_spread: 31s is longer than drain_timeout 30s, whose last part it is; make it shorter");
  EXPECT_THAT(problems_of(std::string(kEcho) + "drain_spread: 2s\ndrain_timeout: 1s\n"),
              ElementsAre(HasSubstr("drain_spread: 2s is longer than drain_timeout 1s")));
  EXPECT_EQ(load_config_text(std::string(kEcho) + "drain_spread: 1m\ndrain_timeout: 1m\n", "weir.yaml").drain_spread,
            60s);
}

TEST(ConfigLoader, ListenerNeedsNameBindAndOneService) {
  EXPECT_THAT(problems_of("listeners: [{}]"),
              ElementsAre("weir.yaml:1:13: listeners.0.name: is missing; write a name for this listener",
                          "weir.yaml:1:13: listeners.0.bind: is missing; write an address such as 127.0.0.1:7000",
                          "weir.yaml:1:13: listeners.0: has no service; add one of echo: {}, discard: {} or proxy: "
                          "{upstream: NAME}"));
  EXPECT_THAT(problems_of("listeners:\n  - {name: a, bind: ':1', echo: {}, discard: {}}\n"),
              ElementsAre("weir.yaml:2:37: listeners.a.discard: a listener has one service, but this one already has "
                          "echo; keep one of them"));
  EXPECT_THAT(problems_of("listeners: [{name: a, bind: [], echo: }]"),
              ElementsAre("weir.yaml:1:29: listeners.a.bind: is an empty list; write an address such as "
                          "127.0.0.1:7000"));
  EXPECT_THAT(problems_of("listeners: [{name: a, bind: ':1', echo: loud}]"),
              ElementsAre(HasSubstr("listeners.a.echo: is text, but must be a map")));
  EXPECT_THAT(
      problems_of("listeners: [{name: a, bind: ':1', proxy: b}]\nupstreams: [{name: b, servers: [{address: 'h:1'}]}]"),
      ElementsAre(HasSubstr("listeners.a.proxy: is text, but must be a map")));
  EXPECT_THAT(problems_of("listeners: [{name: a, bind: ':1', proxy: {}}]"),
              ElementsAre(HasSubstr("listeners.a.proxy.upstream: is missing; write the name of an upstream")));
  EXPECT_THAT(problems_of("listeners: [{name: a, bind: ':1', proxy: {upstream: b}}]"),
              ElementsAre(HasSubstr("there is no upstream \"b\"; define it under upstreams")));
}

TEST(ConfigLoader, ServiceMayHaveNoValue) {
  EXPECT_THAT(problems_of("listeners: [{name: a, bind: ':1', echo: }, {name: b, bind: ':2', discard: ~}]"), IsEmpty());
}

TEST(ConfigLoader, SectionMayHaveAllItsKeysCommentedOut) {
  EXPECT_THAT(problems_of(std::string(kEcho) + "log:\n#  level: debug\nupstreams:\n"), IsEmpty());
}

TEST(ConfigLoader, NamesMustDiffer) {
  EXPECT_THAT(problems_of("listeners:\n  - {name: a, bind: ':1', echo: }\n  - {name: a, bind: ':2', echo: }\n"),
              ElementsAre("weir.yaml:3:12: listeners.a.name: another listener has this name on line 2; each needs its "
                          "own"));
  EXPECT_THAT(
      problem_with("upstreams: [{name: u, servers: [{address: 'h:1'}]}, {name: u, servers: [{address: 'h:1'}]}]"),
      HasSubstr("another upstream has this name on line 2"));
}

TEST(ConfigLoader, NamesAreFitForLogsAndPaths) {
  for (const char* name : {"'with blank'", "'7'", "''", "a/b", "-a", ".a", "\"a\\nb\"", "ü"}) {
    EXPECT_THAT(problems_of("listeners: [{name: " + std::string(name) + ", bind: ':1', echo: }]"),
                ElementsAre(HasSubstr("is not a name; use up to 64 letters")))
        << name;
  }
  EXPECT_THAT(problems_of("listeners: [{name: db-1.eu_west, bind: ':1', echo: }]"), IsEmpty());
  const auto of_length = [](std::size_t length) {
    return problems_of("listeners: [{name: " + std::string(length, 'a') + ", bind: ':1', echo: }]");
  };
  EXPECT_THAT(of_length(64), IsEmpty());
  EXPECT_THAT(of_length(65), SizeIs(1));
}

TEST(ConfigLoader, BindingTwiceIsFoundInEverySpelling) {
  EXPECT_THAT(
      problems_of("listeners:\n  - {name: a, bind: '[::1]:80', echo: }\n  - {name: b, bind: '[0:0::1]:80', echo: }\n"),
      ElementsAre("weir.yaml:3:21: listeners.b.bind: [0:0::1]:80 is already bound on line 2; use another port"));
  EXPECT_THAT(problems_of("listeners: [{name: a, bind: ['unix:/a', 'unix:/a'], echo: }]"),
              ElementsAre(HasSubstr("listeners.a.bind.1: unix:/a is already bound on line 1")));
  EXPECT_THAT(problems_of("listeners: [{name: a, bind: ['h:0', 'h:0'], echo: }]"), IsEmpty());
}

TEST(ConfigLoader, UpstreamNeedsServers) {
  EXPECT_THAT(problem_with("upstreams: [{name: u}]"), HasSubstr("upstreams.u.servers: is missing"));
  EXPECT_THAT(problem_with("upstreams: [{name: u, servers: []}]"), HasSubstr("upstreams.u.servers: is an empty list"));
  EXPECT_THAT(problem_with("upstreams: [{name: u, servers: ['h:1']}]"),
              HasSubstr("upstreams.u.servers.0: is text, but must be a map"));
  EXPECT_THAT(problem_with("upstreams: [{name: u, servers: [{}]}]"),
              HasSubstr("servers.0: has no address; add address: HOST:PORT, or dns: NAME:PORT"));
  EXPECT_THAT(problem_with("upstreams: [{name: u, servers: [{address: ':80'}]}]"),
              HasSubstr("servers.0.address: \":80\" has no host to connect to"));
  EXPECT_THAT(problem_with("upstreams: [{name: u, servers: [{address: 'h:1'}], connect: {timeout: 0}}]"),
              HasSubstr("connect.timeout: connecting is always bounded"));
  EXPECT_THAT(problem_with("upstreams: [{name: u, servers: [{address: 'h:1'}], connect: {attempts: 0}}]"),
              HasSubstr("connect.attempts: \"0\" is not a whole number from 1 to 1000"));
}

TEST(ConfigLoader, ServersAndTheirChecksHaveBounds) {
  const auto problem = [](const std::string& server, const std::string& more) {
    return problem_with("upstreams: [{name: u, servers: [{address: 'h:1'" + server + "}]" + more + "}]");
  };
  EXPECT_THAT(problem(", weight: 0", ""), HasSubstr("servers.0.weight: \"0\" is not a whole number from 1 to 1000"));
  EXPECT_THAT(problem(", weight: 1001", ""), HasSubstr("servers.0.weight"));
  EXPECT_THAT(problem(", backup: maybe", ""), HasSubstr("servers.0.backup"));
  EXPECT_THAT(problem("", ", balance: best"), HasSubstr("balance: \"best\""));
  EXPECT_THAT(problem("", ", connect: {abort_on: fin}"), HasSubstr("connect.abort_on: \"fin\""));
  EXPECT_THAT(problem("", ", connect: {abort-on: close}"), HasSubstr("did you mean \"abort_on\"?"));
  EXPECT_THAT(problem("", ", health: {interval: 0}"), HasSubstr("health.interval"));
  EXPECT_THAT(problem("", ", health: {fall: 0}"), HasSubstr("health.fall"));
  EXPECT_THAT(problem("", ", health: {send: '\\q'}"), HasSubstr("health.send: \"\\q\" is not an escape"));
  EXPECT_THAT(problem("", ", eject: {for: 0}"), HasSubstr("eject.for"));
  EXPECT_THAT(problem("", ", on_down: panic"), HasSubstr("on_down: \"panic\""));
}

TEST(ConfigLoader, NamesToLookUpSayWhatIsWrongWithThem) {
  const auto problem = [](const std::string& server) {
    return problem_with("upstreams: [{name: u, servers: [{" + server + "}]}]");
  };
  EXPECT_THAT(problem("dns: 'db:1', address: 'h:1'"),
              HasSubstr("servers.0.address: a backend has an address or a dns"));
  EXPECT_THAT(problem("dns: db"), HasSubstr("servers.0.dns: \"db\" has no port"));
  EXPECT_THAT(problem("dns: '10.0.0.1:1'"), HasSubstr("is an address, not a name; write address: \"10.0.0.1:1\""));
  EXPECT_THAT(problem("dns: '[::1]:1'"), HasSubstr("is an address, not a name"));
  EXPECT_THAT(problem("dns: 'unix:/a'"), HasSubstr("is an address, not a name"));
  EXPECT_THAT(problem("dns: 'db:1', record: mx"), HasSubstr("servers.0.record: \"mx\""));
  EXPECT_THAT(problem("dns: 'db:1', record: srv"), HasSubstr("SRV records contain the port; write db"));
  EXPECT_THAT(problem("dns: 'a b', record: srv"), HasSubstr("servers.0.dns: \"a b\" is not a name"));
  EXPECT_THAT(problem("dns: db, record: srv, weight: 2"),
              HasSubstr("servers.0.weight: SRV records contain the weights"));
  EXPECT_THAT(problem("address: 'h:1', record: a"), HasSubstr("servers.0.record: is for a dns name"));
  const auto section = [](const std::string& entries) { return problem_with("dns: {" + entries + "}"); };
  EXPECT_THAT(section("servers: [dns.test]"), HasSubstr("dns.servers.0: \"dns.test\" is not an address; write"));
  EXPECT_THAT(section("servers: ['dns.test:53']"), HasSubstr("is not an address"));
  EXPECT_THAT(section("servers: ['[fe80::1%lo]:53']"), HasSubstr("is not an address"));
  EXPECT_THAT(section("servers: ['10.0.0.1:0']"), HasSubstr("is not an address"));
  EXPECT_THAT(section("servers: 10.0.0.1"), HasSubstr("dns.servers: must be a list of resolvers; write [10.0.0.2]"));
  EXPECT_THAT(section("min_ttl: 0"), HasSubstr("dns.min_ttl"));
  EXPECT_THAT(section("min_ttl: 10m"), HasSubstr("dns: max_ttl 5m is shorter than min_ttl 10m"));
}

TEST(ConfigLoader, ResolversHavePort53UnlessTheySayOtherwise) {
  const ServerConfig config = load_config_text(
      std::string(kEcho) + "dns: {servers: [10.0.0.1, '10.0.0.1:5353', '::1', '[::1]', '[::1]:54']}", "weir.yaml");
  std::vector<std::string> servers;
  for (const Endpoint& server : config.dns.servers) servers.push_back(server.to_string());
  EXPECT_THAT(servers, ElementsAre("10.0.0.1:53", "10.0.0.1:5353", "[::1]:53", "[::1]:53", "[::1]:54"));
}

TEST(ConfigLoader, RulesAndRatesSayWhatIsWrongWithThem) {
  const auto problem = [](const std::string& more) {
    const std::vector<std::string> lines = problems_of("listeners: [{name: a, bind: ':1', echo: , " + more + "}]");
    return lines.size() == 1 ? lines[0] : std::to_string(lines.size()) + " problems";
  };
  EXPECT_THAT(problem("allow: [10.0.0.0/8, nonsense]"),
              HasSubstr("listeners.a.allow.1: \"nonsense\" is not an address"));
  EXPECT_THAT(problem("deny: 10.0.0.1/8"), HasSubstr("listeners.a.deny: \"10.0.0.1/8\" has bits set behind"));
  EXPECT_THAT(problem("accept_proxy_protocol: optional"), HasSubstr("optional needs `trusted`"));
  EXPECT_THAT(problem("accept_proxy_protocol: optional, trusted: []"), HasSubstr("optional needs `trusted`"));
  EXPECT_THAT(problem("limits: {rate: 5}"), HasSubstr("limits.rate: \"5\" is not a rate; write a rate as 100/s"));
  EXPECT_THAT(problem("limits: {rate: 5/d}"), HasSubstr("is not a rate"));
  EXPECT_THAT(problem("limits: {rate: -5/s}"), HasSubstr("is not a rate"));
  EXPECT_THAT(problem("limits: {rate: 2000m/s}"), HasSubstr("is too fast"));
  const TemporaryFolder folder;
  const std::string file = folder.file("ranges", "10.0.0.0/8\n10.0.0.0/99\n");
  EXPECT_THAT(problem("allow_file: '" + file + "'"), HasSubstr("allow_file: " + file + ":2: \"10.0.0.0/99\""));
  EXPECT_THAT(problem("allow_file: \"\\0\""), HasSubstr("allow_file: \"\\x00\" holds a control character"));
  EXPECT_THAT(problem("deny_file: /dev/zero"), HasSubstr("deny_file: /dev/zero: is not a regular file"));
  EXPECT_THAT(problem("deny_file: '" + folder.path("absent") + "'"), HasSubstr("No such file"));
}

TEST(ConfigLoader, KeepaliveKeepsTheKernelsBounds) {
  const auto problem = [](const std::string& keepalive) {
    const std::vector<std::string> lines =
        problems_of("listeners: [{name: a, bind: ':1', echo: , tcp: {keepalive: " + keepalive + "}}]");
    return lines.empty() ? "" : lines[0];
  };
  EXPECT_EQ(problem("off"), "");
  EXPECT_EQ(problem("{idle: 32767s, interval: 1s, count: 127}"), "");
  EXPECT_THAT(problem("{idle: 32768s}"), HasSubstr("is out of bounds; write whole seconds from 1s to 32767s"));
  EXPECT_THAT(problem("{interval: 500ms}"), HasSubstr("is out of bounds"));
  EXPECT_THAT(problem("{idle: 0}"), HasSubstr("is out of bounds"));
  EXPECT_THAT(problem("{count: 128}"), HasSubstr("whole number from 1 to 127"));
  EXPECT_THAT(problem("sometimes"), HasSubstr("write off, or a map"));
}

TEST(ConfigLoader, UserTimeoutKeepsTheKernelsBounds) {
  const auto problem = [](const std::string& timeout) {
    const std::vector<std::string> lines =
        problems_of("listeners: [{name: a, bind: ':1', echo: , tcp: {user_timeout: " + timeout + "}}]");
    return lines.empty() ? "" : lines[0];
  };
  EXPECT_EQ(problem("0"), "");
  EXPECT_EQ(problem("2147483647ms"), "");
  EXPECT_THAT(problem("2147483648ms"), HasSubstr("is more than the kernel takes; write 596h or less"));
  EXPECT_THAT(problem("-1s"), HasSubstr("is negative"));
}

TEST(ConfigLoader, FastOpenIsForListenersAlone) {
  const auto problem = [](const std::string& tcp) {
    return problem_with("upstreams: [{name: u, servers: [{address: 'h:1'}], tcp: {" + tcp + "}}]");
  };
  EXPECT_EQ(problem("fast_open: 1"),
            "upstreams.u.tcp.fast_open: is for listeners only, because data sent with a SYN could reach two backends; "
            "write 0 or remove it");
  EXPECT_THAT(problem("fast_open: 65536"), HasSubstr("is not a whole number from 0 to 65535"));
  EXPECT_EQ(problem("fast_open: 0"), "0 problems");
}

TEST(ConfigLoader, FileWithoutListenersShowsOne) {
  for (const char* text : {"", "# nothing\n", "workers: 2\n", "listeners:\n", "listeners: []\n", "---\n"}) {
    EXPECT_THAT(problems_of(text), ElementsAre(HasSubstr("listeners: at least one listener is needed; write listeners: "
                                                         "[{name: echo, bind: \"127.0.0.1:7000\", echo: {}}]")))
        << text;
  }
}

TEST(ConfigLoader, SyntaxErrorHasItsPlace) {
  EXPECT_THAT(problems_of("listeners: [\n  {name: a\n"), ElementsAre(HasSubstr("not valid YAML")));
  EXPECT_THAT(problems_of("workers: 2\nlog: {level: }}\n"), ElementsAre(HasSubstr("weir.yaml:2:15: not valid YAML")));
  EXPECT_THAT(problems_of("listeners:\n\t- name: a\n"), ElementsAre(HasSubstr("not with tabs")));
  EXPECT_THAT(problems_of("listeners:\n  - name: a\n    bind: [::1]:80\n"),
              ElementsAre(HasSubstr("an IPv6 address needs quotes")));
}

TEST(ConfigLoader, OverrideReplacesAndAdds) {
  const std::vector<Override> overrides{{"listeners.echo.timeouts.idle", "5s"},
                                        {"listeners.0.bind", "[::]:5433"},
                                        {"log.level", "debug"},
                                        {"workers", "7"},
                                        {"workers", "8"},
                                        {"upstreams", "[{name: u.v, servers: [{address: 'h:1'}]}]"},
                                        {"upstreams.u.v.servers.0.address", "h:2"}};
  const ServerConfig config = load_config_text(kEcho, "weir.yaml", overrides);
  EXPECT_EQ(config.listeners[0].timeouts.idle, 5s);
  EXPECT_EQ(config.listeners[0].bind[0].to_string(), "[::]:5433");
  EXPECT_EQ(config.log.level, LogLevel::debug);
  EXPECT_EQ(config.workers, 8u);
  EXPECT_EQ(config.upstreams[0].servers[0].address.to_string(), "h:2");
}

TEST(ConfigLoader, OverrideFindsTheItemWithTheLongestName) {
  const std::string two = "listeners:\n  - {name: a, bind: ':1', echo: {}}\n  - {name: a.echo, bind: ':2', echo: {}}\n";
  const ServerConfig config =
      load_config_text(two, "weir.yaml", std::vector<Override>{{"listeners.a.echo.bind", ":3"}});
  EXPECT_EQ(config.listeners[0].bind[0].port, 1);
  EXPECT_EQ(config.listeners[1].bind[0].port, 3);
}

TEST(ConfigLoader, OverridesCompleteAnEmptyFile) {
  const std::vector<Override> overrides{{"listeners", "[{name: a, bind: ':1', echo: {}}]"}};
  EXPECT_EQ(load_config_text("", "weir.yaml", overrides).listeners[0].name, "a");
}

TEST(ConfigLoader, ADashAloneIsATextInAnOverride) {
  const std::vector<Override> overrides{{"log.file", "-"}};
  const std::string text = "log: {file: /var/log/weir.log}\n" + std::string(kEcho);
  EXPECT_EQ(load_config_text(text, "weir.yaml", overrides).log.file, "-");
}

TEST(ConfigLoader, ProblemsOfOverridesNameThemAndComeLast) {
  EXPECT_THAT(problems_of("workers: no\n" + std::string(kEcho), {{"listeners.echo.timeouts.idle", "soon"},
                                                                 {"listeners.ecko.timeouts.idle", "5s"},
                                                                 {"log.levle", "debug"},
                                                                 {"drain_timeout", ""},
                                                                 {"drain_timeout.x", "1"},
                                                                 {"access_log.file", "[a"},
                                                                 {"limits", "{backlog: 0}"},
                                                                 {"a..b", "1"}}),
              ElementsAre("weir.yaml:1:10: workers: \"no\" is wrong; write auto, or a whole number from 1 to 1024",
                          "--set listeners.ecko.timeouts.idle: no item \"ecko\" here; did you mean \"echo\"?",
                          HasSubstr("--set access_log.file: not valid YAML"),
                          "--set a..b: is not a path; write --set path.to.key=value",
                          "--set drain_timeout: is a map; write a duration such as 30s",
                          "--set log.levle: unknown key; did you mean \"level\"?",
                          "--set limits: limits.backlog: \"0\" is not a whole number from 1 to 1000000",
                          "--set listeners.echo.timeouts.idle: \"soon\" is not a duration; write a duration as 250ms, "
                          "5s, 10m or 1h"));
}

TEST(ConfigLoader, OverrideWithoutAValueIsReportedAsSuchAndNotWhereItReplaced) {
  EXPECT_THAT(problems_of(std::string(kEcho) + "drain_timeout: 2s\n", {{"drain_timeout", ""}}),
              ElementsAre("--set drain_timeout: has no value; write a duration such as 30s"));
}

TEST(ConfigLoader, OverrideOfATextHasNoKeys) {
  EXPECT_THAT(problems_of(kEcho, {{"listeners.echo.name.first", "x"}}),
              ElementsAre("--set listeners.echo.name.first: there is no \"first\" in the text \"echo\""));
  EXPECT_THAT(problems_of(kEcho, {{"listeners.1.name", "x"}}),
              ElementsAre("--set listeners.1.name: no item \"1\" here; known is echo"));
}

// Hostile input.

TEST(ConfigLoader, RandomBytesAreRefusedAtOnce) {
  std::mt19937 random(1);
  std::string noise(10u << 20, '\0');
  for (char& byte : noise) byte = static_cast<char>(random());
  EXPECT_THAT(problems_of(noise), ElementsAre("weir.yaml: is larger than 1 MiB, which no configuration needs"));
  const TemporaryFolder folder;
  const std::string path = folder.file("noise.yaml", noise);
  EXPECT_THAT(problems_of_file(path), ElementsAre(path + ": is larger than 1 MiB, which no configuration needs"));
  for (int round = 0; round < 200; ++round) {
    const std::string some = noise.substr(static_cast<std::size_t>(round) * 4096, 4096);
    EXPECT_THAT(problems_of(some), SizeIs(1));
  }
}

TEST(ConfigLoader, RandomYamlCharactersNeverCrash) {
  std::mt19937 random(2);
  const std::string alphabet = "[]{}:,-?&*!|>'\"%@`#~ \n\n  abaxy01.<";
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    const std::size_t length = random() % 120;
    for (std::size_t at = 0; at < length; ++at) text += alphabet[random() % alphabet.size()];
    EXPECT_FALSE(problems_of(text).empty()) << text;
  }
}

TEST(ConfigLoader, BytesThatAreNoTextHaveTheirPlace) {
  using namespace std::string_view_literals;
  EXPECT_THAT(problems_of("workers: 2\nlog: \0"sv),
              ElementsAre("weir.yaml:2:6: the byte 0x00 is not text; a configuration is YAML in UTF-8"));
  EXPECT_THAT(problems_of("log: \xc3\x28"),
              ElementsAre("weir.yaml:1:6: the byte 0xc3 is not text; a configuration is YAML in UTF-8"));
  EXPECT_THAT(problems_of("\xff\xfeh\0i\0"sv), ElementsAre(HasSubstr("1:1: the byte 0xff is not text")));
  EXPECT_THAT(problems_of("\xef\xbb\xbf" + std::string(kEcho)), IsEmpty()) << "a byte order mark is fine";
}

TEST(ConfigLoader, DeepNestingIsRefused) {
  const auto repeat = [](std::string_view text, std::size_t times) {
    std::string result;
    while (times-- > 0) result += text;
    return result;
  };
  for (const char* unit : {"[", "{a: ", "- ", "? ", "[{a: ", "&a [", "- - ? "}) {
    for (const std::size_t times : {33u, 1000u, 100000u}) {
      const std::vector<std::string> lines = problems_of(repeat(unit, times));
      ASSERT_THAT(lines, SizeIs(1)) << unit;
      EXPECT_THAT(lines[0], HasSubstr("deeper than 32 levels")) << unit << " " << times;
    }
  }
}

TEST(ConfigLoader, AliasesThatExpandBeyondMeasureAreRefused) {
  std::string bomb = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n";
  for (int level = 1; level < 30; ++level) {
    const std::string alias = "*a" + std::to_string(level - 1);
    bomb += "a" + std::to_string(level) + ": &a" + std::to_string(level) + " [";
    for (int copy = 0; copy < 10; ++copy) bomb += (copy == 0 ? "" : ", ") + alias;
    bomb += "]\n";
  }
  EXPECT_THAT(problems_of(bomb), ElementsAre(HasSubstr("the document holds more than 100000 values or 8 MiB")));

  std::string bytes = "a: &a " + std::string(100'000, 'x') + "\nb: [";
  for (int copy = 0; copy < 10'000; ++copy) bytes += "*a, ";
  EXPECT_THAT(problems_of(bytes + "]\n"), ElementsAre(HasSubstr("the document holds more than")));
}

TEST(ConfigLoader, CyclicAliasIsRefused) {
  EXPECT_THAT(problems_of("a: &a [*a]\n"), ElementsAre("weir.yaml:1:8: the alias stands inside what it refers to"));
  EXPECT_THAT(problems_of("a: &a {b: {c: *a}}\n"), ElementsAre(HasSubstr("inside what it refers to")));
}

TEST(ConfigLoader, AliasIsWorthWhatItRefersTo) {
  const ServerConfig config = load_config_text(
      "listeners:\n  - {name: a, bind: ':1', echo: , timeouts: &t {idle: 5s}}\n"
      "  - {name: b, bind: ':2', echo: , timeouts: *t}\n",
      "weir.yaml");
  EXPECT_EQ(config.listeners[1].timeouts.idle, 5s);
}

TEST(ConfigLoader, SeveralDocumentsTagsAndMergeKeysAreRefused) {
  EXPECT_THAT(problems_of(std::string(kEcho) + "---\n" + kEcho),
              ElementsAre("weir.yaml:3:1: a second document begins here; keep one in a file"));
  EXPECT_THAT(problem_with("workers: !!int 2"), HasSubstr("has no meaning here"));
  EXPECT_THAT(problem_with("log: {<<: {level: debug}}"), HasSubstr("merge keys are not supported"));
}

TEST(ConfigLoader, ThousandsOfProblemsAreCut) {
  std::string text = kEcho;
  for (int i = 0; i < 5000; ++i) text += "key" + std::to_string(i) + ": 1\n";
  const std::vector<std::string> lines = problems_of(text);
  EXPECT_THAT(lines, SizeIs(201));
  EXPECT_EQ(lines.back(), "weir.yaml: and 4800 more problems");
}

// Files.

TEST(ConfigLoader, FileThatIsNoneSaysSo) {
  const TemporaryFolder folder;
  EXPECT_THAT(problems_of_file(folder.path("none.yaml")),
              ElementsAre(folder.path("none.yaml") + ": no such file; name one with -c FILE"));
  EXPECT_THAT(problems_of_file(folder.path("")), ElementsAre(HasSubstr("is a directory; name a file in it")));
  EXPECT_THAT(problems_of_file("/dev/zero"), ElementsAre("/dev/zero: is a device or a socket; name a file"));
  const std::string locked = folder.file("locked.yaml", kEcho);
  ::chmod(locked.c_str(), 0);
  if (::geteuid() != 0) {
    EXPECT_THAT(problems_of_file(locked), ElementsAre(locked + ": cannot be opened: Permission denied"));
  }
}

TEST(ConfigLoader, FileMayHoldAMebibyteAndNotAByteMore) {
  const TemporaryFolder folder;
  std::string text = kEcho;
  text += "#" + std::string((1u << 20) - text.size() - 1, ' ');
  EXPECT_THAT(problems_of_file(folder.file("full.yaml", text)), IsEmpty());
  const std::string path = folder.file("over.yaml", text + " ");
  EXPECT_THAT(problems_of_file(path), ElementsAre(path + ": is larger than 1 MiB, which no configuration needs"));
  EXPECT_THROW(read_config_file(path), ConfigError) << "before all of it is in memory";
}

TEST(ConfigLoader, FileIsLoadedAndNamedInProblems) {
  const TemporaryFolder folder;
  EXPECT_EQ(load_config_file(folder.file("weir.yaml", kEcho)).listeners[0].name, "echo");
  const std::string path = folder.file("bad.yaml", "nothing: 1\n" + std::string(kEcho));
  EXPECT_THAT(problems_of_file(path), ElementsAre(HasSubstr(path + ":1:1: nothing: unknown key")));
}

TEST(ConfigLoader, PipeIsReadToItsEnd) {
  const TemporaryFolder folder;
  const std::string path = folder.path("pipe");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  std::thread writer([&] {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    for (const char* at = kEcho; *at != '\0'; ++at) EXPECT_EQ(::write(fd, at, 1), 1);
    ::close(fd);
  });
  EXPECT_EQ(load_config_file(path).listeners[0].name, "echo");
  writer.join();
}

TEST(ConfigLoader, PipeThatNobodyWritesToIsGivenUp) {
  const TemporaryFolder folder;
  const std::string path = folder.path("pipe");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_THAT(problems_of_file(path), ElementsAre(HasSubstr("is a pipe that did not end within 5s")));
}

// Dump.

TEST(ConfigDump, LoadingItGivesTheSame) {
  const ServerConfig plain = load_config_text(kEcho, "weir.yaml");
  EXPECT_EQ(load_config_text(dump_config(plain), "dump"), plain);
}

TEST(ConfigDump, UnusualValuesAreKept) {
  ServerConfig config;
  config.workers = 1024;
  config.drain_timeout = 0ms;
  config.log = {LogLevel::off, LogFormat::json, "/tmp/with \"quotes\" and: colons # \xc3\xbc \\"};
  config.access_log = {false, LogFormat::json, "null", 1'000'000'000, AccessLogConfig::Only::failed};
  config.limits = {std::uint64_t{1} << 60, 2, {3, 1s}, {4, 1h}, 1};
  config.default_timeouts = {1ms, std::chrono::milliseconds(kLongestDuration), 90s, 0ms};
  ListenerConfig echo;
  echo.name = "null";
  for (const char* bind : {"[fe80::1%eth0]:80-90", ":0", "unix:/a b: c", "unix:@~"}) {
    echo.bind.push_back(parse_address(bind, AddressUse::bind, Ports::range));
  }
  echo.unix_socket = {07, "0", "root"};
  echo.service = EchoConfig{EchoConfig::Transform::upper};
  echo.limits = {1, 2, {1'000'000'000, 60s}, {3, 1s}, {{10, 20}, 30, {40, 50}, {60, 70}}};
  echo.access = {{"10.0.0.0/8"}, {"::/0", "192.0.2.1"}, "", ""};
  echo.timeouts = {0ms, 1234567ms, 1h, 1ms};
  echo.accept_proxy_protocol = ListenerConfig::ProxyHeaders::required;
  echo.trusted = {"::/0"};
  echo.tcp = {false, {true, 32767s, 1s, 127}, io::kLongestUserTimeout, 65535};
  ListenerConfig discard;
  discard.name = "1e3";
  discard.bind.push_back(parse_address("127.0.0.1:65535", AddressUse::bind));
  discard.service = DiscardConfig{};
  discard.tcp.keepalive.enabled = false;
  ListenerConfig proxy;
  proxy.name = "true";
  proxy.bind.push_back(parse_address("localhost:1", AddressUse::bind));
  proxy.service = ProxyConfig{{}, "off"};
  config.listeners = {echo, discard, proxy};
  UpstreamConfig upstream;
  upstream.name = "off";
  upstream.servers = {
      {.address = parse_address("[::1]:1", AddressUse::target), .weight = 1000, .max_connections = 7, .backup = true},
      {.address = parse_address("unix:@x", AddressUse::target)},
      {.dns = DnsName{DnsName::Record::a, "off", 9}, .weight = 2},
      {.dns = DnsName{DnsName::Record::srv, "_a._tcp.true", 0}}};
  config.dns = {{resolve(parse_address("[::1]:53", AddressUse::target), AddressUse::target).front(),
                 resolve(parse_address("127.0.0.1:5353", AddressUse::target), AddressUse::target).front()},
                10ms,
                1h};
  upstream.balance = UpstreamConfig::Balance::source_hash;
  upstream.queue = {0, 0ms};
  upstream.health = HealthConfig{1ms, 1h, 1000, 1, std::string("\0\r\n\\ \"'\x7f", 9), "\xd2\x16/"};
  upstream.eject = {0, 1ms};
  upstream.slow_start = 1h;
  upstream.send_proxy_protocol = ProxyVersion::v1;
  upstream.on_down = UpstreamConfig::OnDown::reset;
  upstream.connect = {1ms, 1000, 0ms};
  upstream.bind_source = {"192.0.2.1", "fe80::1%eth0"};
  upstream.tcp.nodelay = false;
  config.upstreams = {upstream};
  EXPECT_EQ(load_config_text(dump_config(config), "dump"), config) << dump_config(config);
}

}  // namespace
}  // namespace weir
