#include "server/command_line.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "server/config/config_loader.hpp"
#include "server/help_text.hpp"

namespace weir {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

Command parse(std::vector<std::string> arguments) { return parse_command_line(arguments); }

ServerConfig config_of(std::vector<std::string> arguments) {
  const Command command = parse(std::move(arguments));
  EXPECT_EQ(command.verb, Command::Verb::run);
  return load_config_text(command.config_text, command.config_file, command.overrides);
}

std::string usage_error(std::vector<std::string> arguments) {
  try {
    parse(std::move(arguments));
    return "accepted";
  } catch (const UsageError& error) {
    return error.what();
  }
}

TEST(CommandLine, RunHasADefaultFile) {
  const Command command = parse({"run"});
  EXPECT_EQ(command.verb, Command::Verb::run);
  EXPECT_EQ(command.config_file, "/etc/weir/weir.yaml");
  EXPECT_EQ(command.config_text, "");
  EXPECT_EQ(parse({"run", "-c", "x.yaml"}).config_file, "x.yaml");
  EXPECT_EQ(parse({"run", "--config=x.yaml"}).config_file, "x.yaml");
}

TEST(CommandLine, CheckAndConfigHaveTheSameDefaultFile) {
  EXPECT_EQ(parse({"check", "-c", "x"}).verb, Command::Verb::check);
  EXPECT_EQ(parse({"config", "-c", "x"}).verb, Command::Verb::config);
  EXPECT_EQ(parse({"check"}).config_file, "/etc/weir/weir.yaml");
  EXPECT_EQ(parse({"config"}).config_file, "/etc/weir/weir.yaml");
}

TEST(CommandLine, CheckMayCompareWithADaemon) {
  EXPECT_FALSE(parse({"check", "x"}).diff);
  const Command plain = parse({"check", "x", "--diff"});
  EXPECT_EQ(plain.verb, Command::Verb::check);
  EXPECT_EQ(plain.config_file, "x");
  EXPECT_TRUE(plain.diff);
  EXPECT_FALSE(plain.admin.endpoint);
  const Command full = parse({"check", "-c", "x", "--set", "a=b", "--diff", "unix:/a", "--token-file", "t"});
  EXPECT_EQ(full.config_file, "x");
  EXPECT_EQ(full.admin.endpoint->to_string(), "unix:/a");
  EXPECT_EQ(full.admin.token_file, "t");
  EXPECT_EQ(parse({"check", "--diff", "127.0.0.1:9", "-c", "x"}).admin.endpoint->port, 9);
  EXPECT_TRUE(parse({"check", "--diff", "--set", "a=b"}).diff);
  EXPECT_THAT(usage_error({"check", "--diff", "weir.yaml"}), HasSubstr("weir check: ADMIN "));
  EXPECT_THAT(usage_error({"check", "x", "--token-file", "t"}), HasSubstr("--diff"));
  EXPECT_THAT(usage_error({"run", "x", "--diff"}), HasSubstr("weir run: "));
}

TEST(CommandLine, FileMayStandWithoutAnOption) {
  for (const char* verb : {"run", "check", "config"}) EXPECT_EQ(parse({verb, "x"}), parse({verb, "-c", "x"})) << verb;
  EXPECT_EQ(parse({"run", "--set", "a=b", "x"}).config_file, "x");
  EXPECT_THAT(usage_error({"run", "x", "y"}), HasSubstr("weir run: "));
  EXPECT_THAT(usage_error({"run", "x", "-c", "y"}), HasSubstr("weir run: "));
}

TEST(CommandLine, SetIsSplitAtTheFirstEqualsSign) {
  EXPECT_THAT(parse({"run", "--set", "a.b=c=d", "--set=e="}).overrides,
              ElementsAre(Override{"a.b", "c=d"}, Override{"e", ""}));
  EXPECT_THAT(usage_error({"run", "--set", "workers"}), HasSubstr("--set \"workers\" is not an assignment"));
  EXPECT_THAT(usage_error({"run", "--set", "=4"}), HasSubstr("write --set path.to.key=value"));
}

TEST(CommandLine, SetTakesOneArgumentOnly) {
  const Command command = parse({"echo", "--set", "workers=2", ":7001", "--set", "drain_timeout=1s"});
  EXPECT_THAT(command.overrides, ElementsAre(Override{"workers", "2"}, Override{"drain_timeout", "1s"}));
  EXPECT_THAT(command.config_text, HasSubstr("':7001'"));
}

TEST(CommandLine, EchoNeedsNoFile) {
  const ServerConfig plain = config_of({"echo"});
  ASSERT_EQ(plain.listeners.size(), 1u);
  EXPECT_EQ(plain.listeners[0].name, "echo");
  EXPECT_EQ(plain.listeners[0].bind[0].to_string(), "127.0.0.1:7000");
  EXPECT_EQ(std::get<EchoConfig>(plain.listeners[0].service).transform, EchoConfig::Transform::none);

  const ServerConfig loud = config_of({"echo", "[::1]:0", "--upper", "--set", "listeners.echo.timeouts.idle=5s"});
  EXPECT_EQ(loud.listeners[0].bind[0].to_string(), "[::1]:0");
  EXPECT_EQ(std::get<EchoConfig>(loud.listeners[0].service).transform, EchoConfig::Transform::upper);
  EXPECT_EQ(loud.listeners[0].timeouts.idle, 5s);
}

TEST(CommandLine, AdminOpensTheEndpointOfVerbsWithoutAFile) {
  EXPECT_FALSE(config_of({"echo"}).admin);
  EXPECT_EQ(config_of({"echo", "--admin", ":0"}).admin->bind.to_string(), ":0");
  EXPECT_EQ(config_of({"discard", "--admin", "unix:/run/it's"}).admin->bind.host, "/run/it's");
  const ServerConfig proxy = config_of({"proxy", ":1", "--admin", "[::1]:9900", "db:2"});
  EXPECT_EQ(proxy.admin->bind.to_string(), "[::1]:9900");
  EXPECT_EQ(proxy.upstreams.at(0).servers.size(), 1u);
  EXPECT_EQ(usage_error({"echo", "--admin", "9900"}),
            "weir echo: --admin \"9900\" has no host; write 127.0.0.1:9900, or :9900 for all addresses\n"
            "see: weir help echo");
  EXPECT_THAT(usage_error({"run", "--admin", ":9900"}), HasSubstr("not expected: --admin"));
}

TEST(CommandLine, DefaultTimeoutsReachTheMadeUpListener) {
  EXPECT_EQ(config_of({"discard", "--set", "defaults.timeouts.idle=7s"}).listeners[0].timeouts.idle, 7s);
}

TEST(CommandLine, DiscardListensWhereItIsTold) {
  const ServerConfig config = config_of({"discard", "unix:/tmp/it's: a \"path\""});
  EXPECT_TRUE(std::holds_alternative<DiscardConfig>(config.listeners[0].service));
  EXPECT_EQ(config.listeners[0].bind[0].host, "/tmp/it's: a \"path\"");
}

TEST(CommandLine, ProxyForwardsToItsTargets) {
  const ServerConfig config =
      config_of({"proxy", ":80", "[::1]:81", "db:82", "--set", "upstreams.backend.connect.timeout=1s"});
  EXPECT_EQ(config.listeners[0].name, "proxy");
  EXPECT_EQ(std::get<ProxyConfig>(config.listeners[0].service).upstream, "backend");
  ASSERT_EQ(config.upstreams.at(0).servers.size(), 2u);
  EXPECT_EQ(config.upstreams[0].servers[0].address.to_string(), "[::1]:81");
  EXPECT_EQ(config.upstreams[0].servers[1].address.to_string(), "db:82");
  EXPECT_EQ(config.upstreams[0].connect.timeout, 1s);
}

TEST(CommandLine, BindAndTargetMayHaveARangeOfPorts) {
  const ServerConfig config = config_of({"proxy", "127.0.0.1:7000-7010", "db:8000-8010"});
  EXPECT_EQ(config.listeners[0].bind[0].port_count, 11);
  EXPECT_EQ(config.upstreams.at(0).servers[0].address.to_string(), "db:8000-8010");
  EXPECT_EQ(config_of({"echo", ":7000-7010"}).listeners[0].bind[0].to_string(), ":7000-7010");
  EXPECT_THAT(usage_error({"healthcheck", "127.0.0.1:80-81"}), HasSubstr("has a range of ports, but one is needed"));
}

TEST(CommandLine, WrongAddressIsAUsageError) {
  EXPECT_EQ(usage_error({"echo", "127.0.0.1:70000"}),
            "weir echo: BIND \"127.0.0.1:70000\" has the port 70000, but the highest is 65535\nsee: weir help echo");
  EXPECT_THAT(usage_error({"proxy", ":80", "db"}), StartsWith("weir proxy: TARGET \"db\" has no port"));
  EXPECT_THAT(usage_error({"proxy", ":80", "db:0"}), HasSubstr("port 0"));
  EXPECT_THAT(usage_error({"proxy", ":80"}), StartsWith("weir proxy: TARGET is required"));
  EXPECT_THAT(usage_error({"proxy"}), HasSubstr("is required"));
  EXPECT_THAT(usage_error({"echo", ":1", ":2"}), HasSubstr("not expected: :2"));
}

TEST(CommandLine, UnknownVerbNamesTheNearest) {
  EXPECT_EQ(usage_error({"ehco"}), "weir: unknown verb \"ehco\"; did you mean \"echo\"?\nsee: weir --help");
  EXPECT_THAT(usage_error({"dance"}), HasSubstr("known are run, check"));
  EXPECT_THAT(usage_error({"-c", "x"}), HasSubstr("a verb comes first"));
  EXPECT_THAT(usage_error({"discard", "--upper"}), HasSubstr("--upper"));
}

TEST(CommandLine, HelpAndVersionArePrinted) {
  EXPECT_THAT(parse({"--version"}).text, ::testing::MatchesRegex("weir [0-9]+\\.[0-9]+\\.[0-9]+\n"));
  EXPECT_EQ(parse({"--help"}).verb, Command::Verb::print);
  EXPECT_EQ(parse({"--help"}), parse({"help"}));
  EXPECT_THAT(parse({"help", "proxy"}).text, StartsWith("usage: weir proxy BIND TARGET"));
  EXPECT_EQ(parse({"proxy", "--help"}), parse({"help", "proxy"}));
  EXPECT_EQ(parse({"check", "-h"}), parse({"help", "check"}));
  EXPECT_THAT(usage_error({"help", "prxy"}), HasSubstr("did you mean \"proxy\"?"));
}

TEST(CommandLine, ShortAndLongOptionsAreTheSame) {
  EXPECT_EQ(parse({"-h"}), parse({"--help"}));
  EXPECT_EQ(parse({"-V"}), parse({"--version"}));
  EXPECT_EQ(parse({"check", "-c", "x"}), parse({"check", "--config", "x"}));
}

TEST(CommandLine, EachVerbHasItsOptionsAndNoOthers) {
  for (const char* verb : {"echo", "discard"}) EXPECT_THAT(usage_error({verb, "-c", "x"}), HasSubstr("-c")) << verb;
  EXPECT_THAT(usage_error({"proxy", ":1", "h:1", "--upper"}), HasSubstr("--upper"));
  EXPECT_THAT(usage_error({"healthcheck", "h:1", "--set", "a=b"}), HasSubstr("--set"));
  EXPECT_EQ(parse({"config", "-c", "x", "--set", "a=b"}).overrides.size(), 1u);
  EXPECT_EQ(parse({"check", "-c", "x", "--set", "a=b"}).overrides.size(), 1u);
}

TEST(CommandLine, WhatIsMadeUpIsNamedAfterItsVerb) {
  EXPECT_EQ(parse({"echo"}).config_file, "weir echo");
  EXPECT_EQ(config_of({"discard"}).listeners[0].bind[0].to_string(), "127.0.0.1:7000");
  EXPECT_EQ(config_of({"discard"}).listeners[0].name, "discard");
}

TEST(CommandLine, VerboseIsForTheVersionWithItsBuild) {
  EXPECT_EQ(parse({"--version"}).verb, Command::Verb::print);
  EXPECT_EQ(parse({"--version", "--verbose"}).verb, Command::Verb::version);
  EXPECT_EQ(parse({"--version", "--verbose"}).text, parse({"--version"}).text);
  EXPECT_EQ(parse({"-V", "--verbose"}), parse({"--version", "--verbose"}));
  EXPECT_THROW(parse({"--version", "--verbos"}), UsageError);
  EXPECT_THROW(parse({"--version", "--verbose", "x"}), UsageError);
  EXPECT_THAT(usage_error({"--verbose"}), HasSubstr("a verb comes first"));
}

TEST(CommandLine, ItsSyntaxHasEveryVerbWithItsOptions) {
  const ProgramSyntax program = program_syntax();
  EXPECT_EQ(program.name, "weir");
  EXPECT_EQ(program.overview, help_text());
  EXPECT_EQ(program.verbs.size(), 18u);
  const VerbSyntax& run = program.verbs.front();
  EXPECT_EQ(run.name, "run");
  EXPECT_EQ(run.help, help_text("run"));
  EXPECT_THAT(run.positional, ElementsAre("FILE"));
  ASSERT_EQ(run.options.size(), 3u);
  EXPECT_THAT(run.options[0].names, ElementsAre("-c", "--config"));
  EXPECT_TRUE(run.options[0].takes_value);
  EXPECT_FALSE(run.options[0].repeatable);
  EXPECT_TRUE(run.options[1].repeatable) << "--set";
  EXPECT_FALSE(run.options[2].takes_value) << "--watch";
  const VerbSyntax& check = program.verbs[1];
  ASSERT_EQ(check.options.size(), 4u);
  EXPECT_TRUE(check.options[2].takes_value && check.options[2].may_lack_value) << "--diff";
}

TEST(CommandLine, NothingAtAllShowsTheHelpAsAnError) { EXPECT_EQ(usage_error({}), parse({"--help"}).text); }

TEST(CommandLine, HelpFitsAScreenAndNamesEveryVerb) {
  const std::string help = parse({"--help"}).text;
  EXPECT_LE(std::count(help.begin(), help.end(), '\n'), 42);
  for (const char* verb : {"run", "check", "config", "echo", "discard", "proxy", "healthcheck", "status", "connections",
                           "kill", "drain-backend", "enable-backend", "drain-listener", "enable-listener", "faults",
                           "reload", "upgrade", "help"}) {
    EXPECT_THAT(help, HasSubstr("\n  " + std::string(verb) + " "));
    EXPECT_THAT(parse({"help", verb}).text, StartsWith("usage: weir " + std::string(verb)));
  }
}

TEST(CommandLine, HealthcheckTakesATarget) {
  EXPECT_EQ(parse({"healthcheck", "127.0.0.1:80"}).target->address.port, 80);
  EXPECT_EQ(parse({"healthcheck", "http://127.0.0.1:80"}).target->http_path, "/readyz");
  EXPECT_EQ(parse({"healthcheck", "http://[::1]:80/a?b"}).target->http_path, "/a?b");
  EXPECT_FALSE(parse({"healthcheck"}).target);
  EXPECT_THAT(usage_error({"healthcheck", "https://h:1"}), HasSubstr("https is not supported"));
  EXPECT_THAT(usage_error({"healthcheck", "http://h"}), HasSubstr("has no port"));
}

}  // namespace
}  // namespace weir
