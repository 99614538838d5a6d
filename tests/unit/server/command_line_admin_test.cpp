#include "server/command_line_admin.hpp"

#include <gmock/gmock.h>

#include <sstream>

#include "server/command_line.hpp"

namespace weir {
namespace {

using testing::HasSubstr;
using Verb = admin::Command::Verb;

admin::Command parse(const std::vector<std::string>& arguments) {
  const Command command = parse_command_line(arguments);
  EXPECT_EQ(command.verb, Command::Verb::admin);
  return command.admin;
}

std::string usage_error(const std::vector<std::string>& arguments) {
  try {
    parse(arguments);
    return "accepted";
  } catch (const UsageError& error) {
    return error.what();
  }
}

TEST(AdminCommandLine, StatusNeedsNothing) {
  const admin::Command plain = parse({"status"});
  EXPECT_EQ(plain.verb, Verb::status);
  EXPECT_FALSE(plain.endpoint);
  EXPECT_FALSE(plain.watch);
  const admin::Command full = parse({"status", "--watch", "unix:/run/a.sock", "--token-file", "t"});
  EXPECT_EQ(full.endpoint->to_string(), "unix:/run/a.sock");
  EXPECT_TRUE(full.watch);
  EXPECT_EQ(full.token_file, "t");
  EXPECT_TRUE(parse({"status", "--json"}).json);
}

TEST(AdminCommandLine, ReloadMayBeTried) {
  EXPECT_EQ(parse({"reload"}).verb, Verb::reload);
  EXPECT_FALSE(parse({"reload", "127.0.0.1:9"}).dry_run);
  EXPECT_TRUE(parse({"reload", "--dry-run", "--token-file", "t"}).dry_run);
  EXPECT_THAT(usage_error({"reload", "weir.yaml"}), HasSubstr("weir reload: ADMIN "));
  EXPECT_EQ(parse({"upgrade", "127.0.0.1:9"}).verb, Verb::upgrade);
  EXPECT_THAT(usage_error({"upgrade", "--dry-run"}), HasSubstr("--dry-run"));
  EXPECT_THAT(usage_error({"status", "--dry-run"}), HasSubstr("weir status: "));
}

TEST(AdminCommandLine, FiltersBecomeAQuery) {
  EXPECT_EQ(parse({"connections"}).query, "");
  EXPECT_EQ(parse({"connections", "--slow", "127.0.0.1:9", "--sort", "kept"}).query, "?slow=1&sort=kept");
  EXPECT_EQ(
      parse({"connections", "--listener", "my db", "--upstream", "u", "--backend", "[::1]:1", "--source", "10.0.0.0/8",
             "--min-age", "1h", "--min-idle", "30s", "--min-rate", "1MiB", "--ascending", "--limit", "1000"})
          .query,
      "?listener=my%20db&upstream=u&backend=%5B::1%5D:1&source=10.0.0.0%2F8&min_age=1h&min_idle=30s&"
      "min_rate=1MiB&order=asc&limit=1000");
}

TEST(AdminCommandLine, FiltersAreChecked) {
  EXPECT_THAT(usage_error({"connections", "--min-age", "1x"}), HasSubstr("--min-age "));
  EXPECT_THAT(usage_error({"connections", "--min-rate", "fast"}), HasSubstr("--min-rate "));
  EXPECT_THAT(usage_error({"connections", "--sort", "kep"}), HasSubstr("did you mean \"kept\"?"));
  for (const char* limit : {"0", "1001", "-1", "x", "99999999999999999999"}) {
    EXPECT_THAT(usage_error({"connections", std::string("--limit=") + limit}),
                HasSubstr("is not a number from 1 to 1000"));
  }
}

TEST(AdminCommandLine, KillTakesAnId) {
  EXPECT_EQ(parse({"kill", "4711"}).id, "4711");
  EXPECT_EQ(parse({"kill", "4711", "127.0.0.1:9"}).endpoint->to_string(), "127.0.0.1:9");
  EXPECT_THAT(usage_error({"kill"}), HasSubstr("ID is required"));
  EXPECT_THAT(usage_error({"kill", "x"}), HasSubstr("ID \"x\" is not a number"));
  EXPECT_THAT(usage_error({"kill", ""}), HasSubstr("is not a number"));
}

TEST(AdminCommandLine, BackendsAreNamedByUpstreamAndAddress) {
  const admin::Command drain = parse({"drain-backend", "db", "10.0.0.5:5432", "http://box:9900"});
  EXPECT_EQ(drain.verb, Verb::drain_backend);
  EXPECT_EQ(drain.upstream, "db");
  EXPECT_EQ(drain.backend, "10.0.0.5:5432");
  EXPECT_EQ(drain.endpoint->to_string(), "box:9900");
  EXPECT_EQ(parse({"enable-backend", "db", "unix:/run/x"}).verb, Verb::enable_backend);
  EXPECT_THAT(usage_error({"drain-backend", "db"}), HasSubstr("ADDRESS is required"));
}

TEST(AdminCommandLine, ListenersAreNamed) {
  const admin::Command drain = parse({"drain-listener", "db", "http://box:9900"});
  EXPECT_EQ(drain.verb, Verb::drain_listener);
  EXPECT_EQ(drain.listener, "db");
  EXPECT_EQ(drain.endpoint->to_string(), "box:9900");
  EXPECT_EQ(parse({"enable-listener", "db"}).verb, Verb::enable_listener);
  EXPECT_THAT(usage_error({"drain-listener"}), HasSubstr("NAME is required"));
}

TEST(AdminCommandLine, FaultsAreListed) {
  const admin::Command list = parse({"faults", "http://box:9900", "--json"});
  EXPECT_EQ(list.verb, Verb::faults);
  EXPECT_TRUE(list.json);
  EXPECT_EQ(list.endpoint->to_string(), "box:9900");
  EXPECT_EQ(parse({"faults", "--admin", "box:9900"}).endpoint->to_string(), "box:9900");
  EXPECT_FALSE(parse({"faults"}).endpoint);
}

TEST(AdminCommandLine, AFaultIsTypedInWords) {
  const admin::Command set =
      parse({"faults", "set",    "db",      "slow",     "latency",    "delay=50ms", "jitter=10ms", "--percent",
             "20",     "--for",  "10m",     "--source", "10.0.0.0/8", "--source",   "::1",         "--direction=both",
             "--key",  "source", "--admin", "box:9900"});
  EXPECT_EQ(set.verb, Verb::set_fault);
  EXPECT_EQ(set.listener, "db");
  EXPECT_EQ(set.fault, "slow");
  EXPECT_EQ(set.endpoint->to_string(), "box:9900");
  EXPECT_EQ(set.body, R"({"name":"slow","direction":"both","percent":20,"key":"source",)"
                      R"("sources":["10.0.0.0/8","::1"],"for":"10m",)"
                      R"("latency":{"delay":"50ms","jitter":"10ms","distribution":"uniform"}})");
  EXPECT_THAT(usage_error({"faults", "set", "db", "slow"}), HasSubstr("set needs LISTENER NAME KIND"));
  EXPECT_THAT(usage_error({"faults", "set", "db", "slow", "latncy"}), HasSubstr("did you mean \"latency\"?"));
  EXPECT_THAT(usage_error({"faults", "set", "db", "slow", "refuse", "--json"}), HasSubstr("--json lists faults"));
}

TEST(AdminCommandLine, FaultsAreClearedByListenerAndName) {
  EXPECT_EQ(parse({"faults", "clear"}).verb, Verb::clear_faults);
  EXPECT_EQ(parse({"faults", "clear", "db"}).listener, "db");
  const admin::Command one = parse({"faults", "clear", "db", "slow", "--admin", "unix:@weir"});
  EXPECT_EQ(one.fault, "slow");
  EXPECT_EQ(one.endpoint->to_string(), "unix:@weir");
  EXPECT_THAT(usage_error({"faults", "clear", "db", "slow", "more"}), HasSubstr("not \"more\" as well"));
  EXPECT_THAT(usage_error({"faults", "clear", "--percent", "1"}), HasSubstr("write set first"));
  EXPECT_THAT(usage_error({"faults", "sett", "db"}), HasSubstr("write set or clear"));
}

TEST(AdminCommandLine, WhatDoesNotFitIsRefused) {
  EXPECT_THAT(usage_error({"status", "box"}), HasSubstr("ADMIN \"box\""));
  EXPECT_THAT(usage_error({"status", "--watch", "--json"}), HasSubstr("excludes"));
  EXPECT_THAT(usage_error({"kill", "1", "--watch"}), HasSubstr("--watch"));
  EXPECT_THAT(usage_error({"stats"}), HasSubstr("did you mean \"status\"?"));
}

TEST(AdminCommandLine, HelpFitsEightyColumns) {
  std::string pages = parse_command_line(std::vector<std::string>{"--help"}).text;
  for (const std::string_view verb : kAdminVerbs) {
    pages += parse_command_line(std::vector<std::string>{"help", std::string(verb)}).text;
  }
  std::istringstream stream(pages);
  for (std::string line; std::getline(stream, line);) EXPECT_LE(line.size(), 80u) << line;
}

}  // namespace
}  // namespace weir
