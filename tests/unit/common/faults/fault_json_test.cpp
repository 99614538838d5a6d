#include "common/faults/fault_json.hpp"

#include <gmock/gmock.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

namespace weir::faults {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

Fault fault_of(const std::string& text) { return from_json(boost::json::parse(text)); }

std::string problem_of_text(const std::string& text) {
  try {
    return "accepted: " + fault_of(text).name;
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}

/// Of a fault that is well but for this.
std::string problem_with(const std::string& entries) { return problem_of_text(R"({"name": "a", )" + entries + "}"); }

std::string text_of(const Fault& fault) { return boost::json::serialize(to_json(fault)); }

Fault fault_with(Kind kind) {
  Fault fault;
  fault.name = "a";
  fault.kind = std::move(kind);
  return fault;
}

TEST(FaultJson, HasTheKeysOfAConfiguration) {
  Fault fault = fault_with(Latency{50ms, 1500us, Distribution::normal});
  fault.way = Way::both;
  fault.percent = 20;
  fault.key = Fault::Key::source;
  fault.sources = {"10.0.0.0/8"};
  fault.duration = 10min;
  EXPECT_EQ(text_of(fault),
            R"({"name":"a","direction":"both","percent":20,"key":"source","sources":["10.0.0.0/8"],"for":"10m",)"
            R"("latency":{"delay":"50ms","jitter":"1500us","distribution":"normal"}})");
}

TEST(FaultJson, EachKindIsReadBackAsItWas) {
  const std::vector<Kind> kinds{
      Latency{1us, 2s, Distribution::pareto},
      Bandwidth{0},
      Bandwidth{102'400},
      Slice{100, 50, 10us},
      Stall{1, 200ms, 65536, 0.25},
      Reset{},
      Reset{7, {}},
      Reset{{}, 0us},
      End{0, 1s},
      SlowClose{1s},
      Refuse{},
      Connect{1s, true},
      HalfOpen{},
      Corrupt{1},
  };
  for (const Kind& kind : kinds) {
    Fault fault = fault_with(kind);
    fault.percent = 12.5;
    fault.way = Way::upstream;
    const std::string text = text_of(fault);
    EXPECT_EQ(fault_of(text), fault) << text;
  }
}

TEST(FaultJson, WhatIsLeftOutHasItsDefault) {
  const Fault fault = fault_of(R"({"name": "slow", "latency": {"delay": "50ms"}})");
  EXPECT_EQ(fault.way, Way::downstream);
  EXPECT_EQ(fault.percent, 100);
  EXPECT_EQ(fault.duration, 0ms);
  EXPECT_EQ(std::get<Latency>(fault.kind), (Latency{50ms, 0us, Distribution::uniform}));
}

TEST(FaultJson, SizesMayHaveAUnitAndRatesMayBeNumbers) {
  EXPECT_EQ(fault_of(R"({"name": "a", "slice": {"size": "1KiB"}})").kind, Kind(Slice{1024}));
  EXPECT_EQ(fault_of(R"({"name": "a", "slice": {"size": 9}})").kind, Kind(Slice{9}));
  EXPECT_EQ(fault_of(R"({"name": "a", "bandwidth": 5000})").kind, Kind(Bandwidth{5000}));
  EXPECT_EQ(fault_of(R"({"name": "a", "bandwidth": "5KB/s"})").kind, Kind(Bandwidth{5000}));
  EXPECT_EQ(fault_of(R"({"name": "a", "slow_close": 0})").kind, Kind(SlowClose{}));
  EXPECT_EQ(fault_of(R"({"name": "a", "sources": "::1", "refuse": {}})").sources, std::vector<std::string>{"::1"});
}

TEST(FaultJson, WhatIsWrongIsNamedByItsKey) {
  EXPECT_EQ(problem_of_text("[]"), "a fault is not an object of keys and values");
  EXPECT_EQ(problem_of_text(R"({"refuse": {}})"), "name: is missing");
  EXPECT_THAT(problem_of_text(R"({"name": "a b", "refuse": {}})"), HasSubstr("name: \"a b\" is not a name; use"));
  EXPECT_EQ(problem_with(R"("refuse": [])"), "refuse: is not an object of keys and values");
  EXPECT_EQ(problem_with(R"("refuse": {"hard": true})"), "refuse: unknown key \"hard\"; none is known");
  EXPECT_EQ(problem_with(R"("latncy": {"delay": "1s"})"), "unknown key \"latncy\"; did you mean \"latency\"?");
  EXPECT_EQ(problem_with(R"("latency": {"delay": "1s", "jiter": "1s"})"),
            "latency: unknown key \"jiter\"; did you mean \"jitter\"?");
  EXPECT_EQ(problem_with(R"("latency": {})"), "latency.delay: is missing");
  EXPECT_EQ(problem_with(R"("latency": {"delay": 50})"),
            "latency.delay: is not text; write a duration such as \"50ms\"");
  EXPECT_THAT(problem_with(R"("latency": {"delay": "50"})"), HasSubstr("latency.delay: \"50\" has no unit; write"));
  EXPECT_EQ(problem_with(R"("latency": {"delay": "1s", "distribution": "gauss"})"),
            "latency.distribution: \"gauss\" is unknown; write one of constant, uniform, normal, pareto");
  EXPECT_THAT(problem_with(R"("bandwidth": "5KB")"), HasSubstr("bandwidth: \"5KB\" is not a rate of bytes; write"));
  EXPECT_THAT(problem_with(R"("bandwidth": -1)"), HasSubstr("bandwidth: is not a number of bytes; write"));
  EXPECT_EQ(problem_with(R"("connect": {"fail": 1})"), "connect.fail: is not a boolean; write true or false");
  EXPECT_EQ(problem_with(R"("percent": "20", "refuse": {})"), "percent: is not a number; write it without quotes");
  EXPECT_EQ(problem_with(R"("percent": 100.5, "refuse": {})"), "percent: 100.5 is not a number from 0 to 100");
  EXPECT_THAT(problem_with(R"("sources": ["10.0.0.1/8"], "refuse": {})"), HasSubstr("sources: \"10.0.0.1/8\""));
  EXPECT_THAT(problem_with(R"("for": "1us", "refuse": {})"), HasSubstr("for: is finer than a millisecond"));
}

TEST(FaultJson, AFaultHasExactlyOneKind) {
  EXPECT_THAT(problem_with(R"("percent": 1)"), HasSubstr("a fault has one of the keys latency, bandwidth, slice,"));
  EXPECT_EQ(problem_with(R"("refuse": {}, "half_open": {})"),
            "a fault has one kind, but this one has refuse and half_open");
}

TEST(FaultJson, KeepsToTheRulesOfEveryFault) {
  EXPECT_THAT(problem_with(R"("latency": {"delay": "1s", "jitter": "1ms", "distribution": "constant"})"),
              HasSubstr("latency.jitter: says nothing with distribution: constant"));
  EXPECT_THAT(problem_with(R"("connect": {})"), HasSubstr("connect: does nothing"));
  EXPECT_THAT(problem_with(R"("corrupt": {"per_bytes": 0})"), HasSubstr("corrupt.per_bytes: is 0"));
}

}  // namespace
}  // namespace weir::faults
