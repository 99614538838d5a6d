#include "server/typed_fault.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <stdexcept>
#include <string>

namespace weir {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

std::string problem_of(const TypedFault& typed) {
  try {
    parse_fault(typed);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  ADD_FAILURE() << "it is taken";
  return "";
}

faults::Kind kind_of(const std::string& kind, std::vector<std::string> values) {
  return parse_fault({.name = "x", .kind = kind, .values = std::move(values)}).kind;
}

TEST(TypedFault, IsAsItIsTyped) {
  const faults::Fault fault = parse_fault({.name = "slow",
                                           .kind = "latency",
                                           .values = {"delay=50ms", "jitter=10ms", "distribution=normal"},
                                           .percent = "20%",
                                           .duration = "10m",
                                           .direction = "both",
                                           .key = "source",
                                           .sources = {"10.0.0.0/8", "::1"}});
  EXPECT_EQ(fault, (faults::Fault{.name = "slow",
                                  .way = faults::Way::both,
                                  .percent = 20,
                                  .key = faults::Fault::Key::source,
                                  .sources = {"10.0.0.0/8", "::1"},
                                  .duration = 10min,
                                  .kind = faults::Latency{50ms, 10ms, faults::Distribution::normal}}));
}

TEST(TypedFault, HasTheDefaultsOfConfigurations) {
  faults::Fault fault;
  fault.name = "x";
  fault.kind = faults::Refuse{};
  EXPECT_EQ(parse_fault({.name = "x", .kind = "refuse"}), fault);
}

TEST(TypedFault, EveryKindCanBeTyped) {
  EXPECT_EQ(kind_of("bandwidth", {"100KB/s"}), faults::Kind(faults::Bandwidth{100'000}));
  EXPECT_EQ(kind_of("slice", {"size=100", "variation=50", "delay=1ms"}), faults::Kind(faults::Slice{100, 50, 1ms}));
  EXPECT_EQ(kind_of("stall", {"after=64KiB", "for=5s", "every=1MiB", "probability=0.25"}),
            faults::Kind(faults::Stall{65536, 5s, 1'048'576, 0.25}));
  EXPECT_EQ(kind_of("reset", {"after_bytes=64KiB", "after=5s"}), faults::Kind(faults::Reset{65536, 5s}));
  EXPECT_EQ(kind_of("reset", {}), faults::Kind(faults::Reset{}));
  EXPECT_EQ(kind_of("end", {"after_bytes=0"}), faults::Kind(faults::End{0, std::nullopt}));
  EXPECT_EQ(kind_of("slow_close", {"1s"}), faults::Kind(faults::SlowClose{1s}));
  EXPECT_EQ(kind_of("slow-close", {"1s"}), faults::Kind(faults::SlowClose{1s}));
  EXPECT_EQ(kind_of("connect", {"delay=5s"}), faults::Kind(faults::Connect{5s, false}));
  EXPECT_EQ(kind_of("connect", {"fail"}), faults::Kind(faults::Connect{0s, true}));
  EXPECT_EQ(kind_of("connect", {"fail=true"}), faults::Kind(faults::Connect{0s, true}));
  EXPECT_EQ(kind_of("half-open", {}), faults::Kind(faults::HalfOpen{}));
  EXPECT_EQ(kind_of("corrupt", {}), faults::Kind(faults::Corrupt{}));
}

TEST(TypedFault, WhatIsWrongIsNamedWithWhatWouldBeRight) {
  EXPECT_EQ(problem_of({.name = "x", .kind = "latncy"}),
            "\"latncy\" is not a kind of fault; did you mean \"latency\"?");
  EXPECT_THAT(problem_of({.name = "x", .kind = "latency"}), HasSubstr("latency.delay: is missing"));
  EXPECT_THAT(problem_of({.name = "x", .kind = "latency", .values = {"delay=50"}}), HasSubstr("has no unit"));
  EXPECT_THAT(problem_of({.name = "x", .kind = "latency", .values = {"delay=1ms", "jiter=1ms"}}),
              HasSubstr("\"jitter\""));
  EXPECT_EQ(problem_of({.name = "x", .kind = "slice", .values = {"size=1", "size=2"}}),
            "\"size\" appears twice; write it once");
  EXPECT_EQ(problem_of({.name = "x", .kind = "bandwidth"}), "bandwidth takes one value; write bandwidth 100KB/s");
  EXPECT_EQ(problem_of({.name = "x", .kind = "slow_close", .values = {"1s", "2s"}}),
            "slow_close takes one value; write slow_close 1s");
  EXPECT_EQ(problem_of({.name = "x", .kind = "refuse", .percent = "all"}), "--percent \"all\" is not a number");
  EXPECT_THAT(problem_of({.name = "x", .kind = "refuse", .percent = "101"}), HasSubstr("from 0 to 100"));
  EXPECT_THAT(problem_of({.name = "-", .kind = "refuse"}), HasSubstr("is not a name"));
  EXPECT_THAT(problem_of({.name = "x", .kind = "refuse", .sources = {"db"}}), HasSubstr("sources: "));
}

}  // namespace
}  // namespace weir
