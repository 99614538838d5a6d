#include "server/admin/faults_text.hpp"

#include <gmock/gmock.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include "tests/unit/server/admin/documented_answers.hpp"

namespace weir::admin {
namespace {

namespace json = boost::json;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

json::object& fault_of(json::value& answer) { return answer.at("listeners").at(0).at("faults").at(0).as_object(); }

TEST(FaultsText, ShowsTheDocumentedAnswer) {
  EXPECT_EQ(faults_text(test::documented_answer("Faults"), {.width = 76}),
            "LISTENER  FAULT  DOES                            WAY   SHARE  LEFT  KIND MET\n"
            "db        slow   latency delay=50ms jitter=10ms  down    20%    9m        17\n"
            "seed 42; at most 100% of connections, for at most 1h each\n");
}

TEST(FaultsText, AWideTerminalShowsWhoSetThemAndForWhom) {
  const std::string text = faults_text(test::documented_answer("Faults"), {.width = 160});
  EXPECT_THAT(text, HasSubstr("  all   127.0.0.1:4711 through the admin endpoint\n"));
}

TEST(FaultsText, SaysThatNoneIsSet) {
  json::value answer = test::documented_answer("Faults");
  answer.at("listeners").at(0).at("faults").as_array().clear();
  answer.as_object()["seed_was_drawn"] = true;
  answer.as_object()["max_for_seconds"] = nullptr;
  EXPECT_EQ(faults_text(answer, {}), "no faults are set\nseed 42, drawn by the daemon; at most 100% of connections\n");
}

TEST(FaultsText, AFaultReadsAsItIsTyped) {
  json::value answer = test::documented_answer("Faults");
  json::object& fault = fault_of(answer);
  const auto line = [&](const char* kind, const char* value) {
    fault["kind"] = kind;
    fault["definition"].as_object()[kind] = json::parse(value);
    return fault_line(fault);
  };
  EXPECT_EQ(line("bandwidth", "\"100KB/s\""), "slow is on for 10m: bandwidth 100KB/s, downstream, 20% of connections")
      << "for how long it was set, not what is left of that";
  EXPECT_THAT(line("stall", R"({"after": 65536, "for": "5s", "every": 0, "probability": 1})"),
              HasSubstr(": stall after=65536 for=5s, "));
  EXPECT_THAT(line("stall", R"({"after": 0, "for": "5s", "every": 10, "probability": 0.25})"),
              HasSubstr(": stall for=5s every=10 probability=0.25, "));
  EXPECT_THAT(line("reset", "{}"), HasSubstr(": reset, "));
  EXPECT_THAT(line("connect", R"({"delay": "0s", "fail": true})"), HasSubstr(": connect fail=true, 20%"));
  fault["definition"].as_object().erase("for");
  fault["definition"].as_object()["key"] = "source";
  fault["definition"].as_object()["sources"] = {"10.0.0.0/8", "::1"};
  EXPECT_EQ(line("refuse", "{}"), "slow is on: refuse, 20% of sources from 10.0.0.0/8 ::1");
}

TEST(FaultsText, WhatADaemonAnswersCannotReachTheTerminal) {
  json::value answer = test::documented_answer("Faults");
  fault_of(answer)["name"] = "\033[2J";
  fault_of(answer)["definition"].as_object()["latency"] = {{"\033[2J", "\033[2J"}};
  EXPECT_THAT(faults_text(answer, {.width = 200}), Not(HasSubstr("\033")));
}

}  // namespace
}  // namespace weir::admin
