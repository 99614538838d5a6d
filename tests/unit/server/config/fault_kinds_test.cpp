#include "server/config/fault_kinds.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <string>
#include <vector>

#include "server/config/config_loader.hpp"

namespace weir {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> problems_of(const std::string& text) {
  std::vector<std::string> found;
  try {
    load_config_text(text, "f");
  } catch (const ConfigError& error) {
    for (const ConfigProblem& problem : error.problems()) found.push_back(problem.to_string());
  }
  return found;
}

/// A configuration whose one listener has these faults, a line each.
std::string with_faults(const std::string& faults, const std::string& section = "faults: {}") {
  return section + "\nlisteners:\n  - name: db\n    bind: ':1'\n    echo: {}\n    faults:\n" + faults;
}

std::vector<std::string> problems_of_fault(const std::string& entries) {
  return problems_of(with_faults("      - {name: a, " + entries + "}\n"));
}

TEST(FaultKinds, FaultsNeedTheirSection) {
  EXPECT_THAT(problems_of(with_faults("      - {name: a, refuse: {}}\n", "workers: 1")),
              ElementsAre("f:6:5: listeners.db.faults: needs the section `faults` of the daemon, which says that there "
                          "may be any; write faults: {} at the top of the file, or remove these"));
  EXPECT_THAT(problems_of(with_faults("      []\n", "workers: 1")), ElementsAre());
  EXPECT_THAT(problems_of(with_faults("      - {name: a, refuse: {}}\n", "faults:")), ElementsAre());
}

TEST(FaultKinds, SectionMayStandBelowTheListeners) {
  EXPECT_THAT(problems_of("listeners: [{name: a, bind: ':1', echo: {}, faults: [{name: b, refuse: {}}]}]\nfaults: {}"),
              ElementsAre());
}

TEST(FaultKinds, AFaultSaysExactlyOneThing) {
  EXPECT_THAT(
      problems_of_fault("percent: 1"),
      ElementsAre(AllOf(HasSubstr("f:7:9: listeners.db.faults.a: does not say what it does; add one of latency: "
                                  "{delay: 50ms}, bandwidth: 100KB/s, "),
                        HasSubstr(" or corrupt: {per_bytes: 1MiB}"))));
  EXPECT_THAT(problems_of_fault("refuse: {}, slow_close: 1s"),
              ElementsAre("f:7:19: listeners.db.faults.a.refuse: a fault is of one kind, but this one already has "
                          "slow_close; write another fault for it"));
}

TEST(FaultKinds, AMistypedKindIsHinted) {
  EXPECT_THAT(problems_of_fault("latncy: {delay: 1s}"),
              ElementsAre(HasSubstr("does not say what it does"),
                          "f:7:19: listeners.db.faults.a.latncy: unknown key; did you mean \"latency\"?"));
  EXPECT_THAT(problems_of_fault("stall: {for: 1s, evry: 1}"),
              ElementsAre("f:7:36: listeners.db.faults.a.stall.evry: unknown key; did you mean \"every\"?"));
}

TEST(FaultKinds, NamesAreUniqueWithinAListener) {
  EXPECT_THAT(problems_of(with_faults("      - {name: a, refuse: {}}\n      - {name: a, half_open: {}}\n")),
              ElementsAre("f:8:16: listeners.db.faults.a.name: another fault has this name on line 7; each needs its "
                          "own"));
  EXPECT_THAT(problems_of("faults: {}\nlisteners:\n"
                          "  - {name: a, bind: ':1', echo: {}, faults: [{name: x, refuse: {}}]}\n"
                          "  - {name: b, bind: ':2', echo: {}, faults: [{name: x, refuse: {}}]}\n"),
              ElementsAre());
  EXPECT_THAT(problems_of(with_faults("      - {refuse: {}}\n")),
              ElementsAre("f:7:9: listeners.db.faults.0.name: is missing; write a name for this fault"));
  EXPECT_THAT(problems_of_fault("name: 'a b', refuse: {}").size(), 1u);
}

TEST(FaultKinds, PercentIsBoundedByTheSection) {
  EXPECT_THAT(problems_of_fault("percent: 0, refuse: {}"), ElementsAre());
  EXPECT_THAT(problems_of_fault("percent: 100.5, refuse: {}"),
              ElementsAre("f:7:28: listeners.db.faults.a.percent: \"100.5\" is not a number from 0 to 100"));
  const std::string section = "faults: {max_percent: 5}";
  EXPECT_THAT(problems_of(with_faults("      - {name: a, percent: 5, refuse: {}}\n", section)), ElementsAre());
  EXPECT_THAT(problems_of(with_faults("      - {name: a, percent: 5.1, refuse: {}}\n", section)),
              ElementsAre("f:7:28: listeners.db.faults.a.percent: percent 5.1 is more than faults.max_percent allows; "
                          "write 5 or less"));
  EXPECT_THAT(problems_of(with_faults("      - {name: a, refuse: {}}\n", section)),
              ElementsAre(HasSubstr("f:7:9: listeners.db.faults.a: percent 100 is more than")));
}

TEST(FaultKinds, WhatCannotBeIsFoundAtItsKey) {
  EXPECT_THAT(problems_of_fault("latency: {delay: 1s, distribution: constant, jitter: 1ms}"),
              ElementsAre("f:7:72: listeners.db.faults.a.latency.jitter: says nothing with distribution: constant; "
                          "remove it, or write uniform, normal or pareto"));
  EXPECT_THAT(problems_of_fault("latency: {jitter: 1ms}"),
              ElementsAre("f:7:28: listeners.db.faults.a.latency.delay: is missing; write a duration such as 50ms"));
  EXPECT_THAT(problems_of_fault("slice: {size: 0}"),
              ElementsAre("f:7:33: listeners.db.faults.a.slice.size: \"0\" is too small; write 1 or more"));
  EXPECT_THAT(problems_of_fault("slice: {variation: 5}").size(), 1u);
  EXPECT_THAT(problems_of_fault("slice: {size: 4, variation: 5}"),
              ElementsAre(HasSubstr("slice.variation: 5 is more than size 4")));
  EXPECT_THAT(problems_of_fault("stall: {every: 5}"), ElementsAre(HasSubstr("stall.every: says nothing where")));
  EXPECT_THAT(problems_of_fault("stall: {probability: 1.5}"),
              ElementsAre(HasSubstr("stall.probability: \"1.5\" is not a number from 0 to 1")));
  EXPECT_THAT(problems_of_fault("corrupt: {per_bytes: 0}"), ElementsAre(HasSubstr("\"0\" is too small")));
  EXPECT_THAT(problems_of_fault("connect: {}"),
              ElementsAre(HasSubstr("connect.delay: is missing; write a duration such as 1s, or fail: true")));
  EXPECT_THAT(problems_of_fault("connect: {fail: false}"),
              ElementsAre("f:7:28: listeners.db.faults.a.connect: does nothing; write delay: 1s, or fail: true"));
  EXPECT_THAT(problems_of_fault("connect: {delay: soon}").size(), 1u);
  EXPECT_THAT(problems_of_fault("bandwidth: {rate: 1KB/s}"),
              ElementsAre(HasSubstr("bandwidth: is a map; write bytes a second such as 100KB/s")));
  EXPECT_THAT(problems_of_fault("reset: {after:}"), ElementsAre(HasSubstr("reset.after: has no value; write")));
  EXPECT_THAT(problems_of_fault("sources: [10.0.0.1/8], refuse: {}"), ElementsAre(HasSubstr("faults.a.sources")));
}

TEST(FaultKinds, ACutSaysWhatItWaitsForOrNothing) {
  const ServerConfig config = load_config_text(with_faults("      - {name: a, reset: {}}\n"
                                                           "      - {name: b, end: {after: 0}}\n"
                                                           "      - {name: c, reset:}\n"),
                                               "f");
  const std::vector<faults::Fault>& faults = config.listeners.at(0).faults;
  EXPECT_EQ(std::get<faults::Reset>(faults.at(0).kind), faults::Reset{});
  EXPECT_EQ(std::get<faults::End>(faults.at(1).kind), (faults::End{{}, 0us}));
  EXPECT_EQ(std::get<faults::Reset>(faults.at(2).kind), faults::Reset{});
  EXPECT_EQ(load_config_text(dump_config(config), "dump"), config);
}

TEST(FaultKinds, UnixSocketsHaveFaultsAndBandwidthToo) {
  const ServerConfig config = load_config_text(
      "faults: {}\nlisteners: [{name: a, bind: 'unix:/a', echo: {}, faults: [{name: b, refuse: {}}], "
      "limits: {bandwidth: {per_connection: {out: 100KB/s}}}}]",
      "f");
  EXPECT_EQ(config.listeners[0].limits.bandwidth.per_connection.out, 100'000u);
}

TEST(FaultKinds, EffectiveConfigurationSaysNothingOfFaultsWhereThereAreNone) {
  const std::string dump = dump_config(load_config_text("listeners: [{name: a, bind: ':1', echo: {}}]", "f"));
  EXPECT_THAT(dump, ::testing::Not(::testing::ContainsRegex("(^|[ \n])faults")));
}

TEST(FaultKinds, TheApiBindsAnAddressOfItsOwn) {
  const std::string listener = "\nlisteners: [{name: a, bind: '127.0.0.1:8474', echo: {}}]";
  EXPECT_THAT(problems_of("faults: {api: {}}" + listener),
              ElementsAre(HasSubstr("listeners.a.bind: 127.0.0.1:8474 is already bound")));
  EXPECT_THAT(problems_of("faults: {api: {bind: '127.0.0.1:1'}}" + listener), ElementsAre());
}

TEST(FaultKinds, BandwidthIsABoundOfListeners) {
  EXPECT_THAT(problems_of("limits: {bandwidth: {in: 1KB/s}}\nlisteners: [{name: a, bind: ':1', echo: {}}]"),
              ElementsAre(HasSubstr("limits.bandwidth: unknown key")));
  EXPECT_THAT(problems_of("listeners: [{name: a, bind: ':1', echo: {}, limits: {bandwidth: {in: 1KB}}}]"),
              ElementsAre(HasSubstr("listeners.a.limits.bandwidth.in: \"1KB\" is not a rate of bytes; write")));
}

}  // namespace
}  // namespace weir
