#include "common/faults/fault_rules.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <limits>
#include <string>
#include <vector>

namespace weir::faults {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// The keys that have problems.
std::vector<std::string> keys_of(const Kind& kind) {
  std::vector<std::string> keys;
  for (const Problem& problem : problems_of(kind)) keys.emplace_back(problem.key);
  return keys;
}

TEST(FaultRules, FindNothingInWhatIsRight) {
  for (const Kind& kind : std::vector<Kind>{
           Latency{1s}, Latency{1s, 2s, Distribution::uniform}, Latency{1s, 0s, Distribution::constant}, Bandwidth{},
           Bandwidth{1}, Slice{10, 10, 1us}, Stall{}, Stall{1, 1us, 1, 0}, Reset{}, Reset{kMostBytes, 1s}, End{},
           SlowClose{}, Refuse{}, Connect{1us, false}, Connect{0us, true}, HalfOpen{}, Corrupt{}}) {
    EXPECT_THAT(problems_of(kind), IsEmpty()) << kind_name(kind);
  }
}

TEST(FaultRules, NameTheKeyThatCannotBe) {
  using Keys = std::vector<std::string>;
  EXPECT_EQ(keys_of(Latency{1s, 1us, Distribution::constant}), Keys{"jitter"});
  EXPECT_EQ(keys_of(Latency{-1us}), Keys{"delay"});
  EXPECT_EQ(keys_of(Bandwidth{1'000'000'000'001}), Keys{""});
  EXPECT_EQ(keys_of(Slice{0}), Keys{"size"});
  EXPECT_EQ(keys_of(Slice{10, 11}), Keys{"variation"});
  EXPECT_EQ(keys_of(Stall{0, 0s, 1}), Keys{"every"});
  EXPECT_EQ(keys_of(Stall{0, 0s, 0, 1.01}), Keys{"probability"});
  EXPECT_EQ(keys_of(Stall{0, 0s, 0, -0.01}), Keys{"probability"});
  EXPECT_EQ(keys_of(Stall{0, 0s, 0, std::numeric_limits<double>::quiet_NaN()}), Keys{"probability"});
  EXPECT_EQ(keys_of(Reset{kMostBytes + 1, {}}), Keys{"after_bytes"});
  EXPECT_EQ(keys_of(End{{}, std::chrono::hours(24 * 366 * 10)}), Keys{"after"});
  EXPECT_EQ(keys_of(Connect{}), Keys{""});
  EXPECT_EQ(keys_of(Corrupt{0}), Keys{"per_bytes"});
}

TEST(FaultRules, LookAtAWholeFaultToo) {
  Fault fault;
  fault.name = "a";
  fault.kind = Refuse{};
  EXPECT_EQ(problem_of(fault), "");
  fault.percent = 0;
  EXPECT_EQ(problem_of(fault), "");
  fault.percent = -1;
  EXPECT_THAT(problem_of(fault), HasSubstr("percent: -1 is not a number from 0 to 100"));
  fault.percent = 1;
  fault.sources = {"10.0.0.0/33"};
  EXPECT_THAT(problem_of(fault), HasSubstr("sources: "));
  fault.sources.clear();
  fault.kind = Slice{0};
  EXPECT_THAT(problem_of(fault), HasSubstr("slice.size: is 0"));
  fault.kind = Connect{};
  EXPECT_THAT(problem_of(fault), HasSubstr("connect: does nothing"));
  fault.name = "";
  EXPECT_THAT(problem_of(fault), HasSubstr("name: \"\" is not a name"));
}

}  // namespace
}  // namespace weir::faults
