#include "server/toxiproxy/toxic.hpp"

#include <gmock/gmock.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "common/faults/fault_rules.hpp"
#include "server/toxiproxy/problem.hpp"

namespace weir::toxiproxy {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// "400 text" of what a body is refused with.
template <typename Read>
std::string refusal(Read read) {
  try {
    read();
  } catch (const Problem& problem) {
    return std::to_string(problem.status) + " " + problem.what();
  }
  return "none";
}

std::string refusal_of(const std::string& body) {
  return refusal([&] { read_toxic(body); });
}

/// The one fault of a toxic.
faults::Fault only_fault(const std::string& body) {
  const std::vector<faults::Fault> all = faults_of(read_toxic(body));
  EXPECT_EQ(all.size(), 1u) << body;
  return all.empty() ? faults::Fault() : all.front();
}

template <typename Kind>
void expect_kind(const std::string& body, const Kind& kind) {
  EXPECT_EQ(only_fault(body).kind, faults::Kind(kind)) << body;
}

TEST(Toxic, HasToxiproxysDefaults) {
  const Toxic toxic = read_toxic(R"({"type": "latency"})");
  EXPECT_EQ(toxic.name, "latency_downstream");
  EXPECT_EQ(toxic.stream, Toxic::Stream::downstream);
  EXPECT_EQ(toxic.toxicity, 1);
  EXPECT_THAT(toxic.attributes, ElementsAre(0, 0));
  EXPECT_EQ(read_toxic(R"({"type": "slicer", "stream": "upstream"})").name, "slicer_upstream");
  EXPECT_EQ(read_toxic(R"({"type": "slicer", "name": "", "stream": "upstream"})").name, "slicer_upstream");
}

TEST(Toxic, IsShownAsToxiproxyShowsIt) {
  const Toxic toxic = read_toxic(
      R"({"name": "slow", "type": "latency", "stream": "upstream", "toxicity": 0.25, "attributes": {"latency": 100}})");
  EXPECT_EQ(boost::json::serialize(toxic_json(toxic)),
            R"({"attributes":{"latency":100,"jitter":0},"name":"slow","type":"latency","stream":"upstream",)"
            R"("toxicity":2.5E-1})");
}

TEST(Toxic, IsReadWithKeysInAnyCaseAndWithoutWhatIsNullOrUnknown) {
  const Toxic toxic = read_toxic(
      R"({"NAME": "a", "Type": "latency", "stream": null, "toxicity": null, "enabled": true,
          "Attributes": {"LATENCY": 7, "jitter": null, "colour": "blue"}} and what follows)");
  EXPECT_EQ(toxic.name, "a");
  EXPECT_EQ(toxic.stream, Toxic::Stream::downstream);
  EXPECT_EQ(toxic.toxicity, 1);
  EXPECT_THAT(toxic.attributes, ElementsAre(7, 0));
  EXPECT_EQ(read_toxic(R"({"type": "noop", "stream": "UpStream"})").stream, Toxic::Stream::upstream);
  EXPECT_THAT(read_toxic(R"({"type": "timeout", "attributes": null})").attributes, ElementsAre(0));
}

TEST(Toxic, IsRefusedInToxiproxysWords) {
  EXPECT_EQ(refusal_of(""), "400 bad request body: EOF");
  EXPECT_THAT(refusal_of("{"), HasSubstr("400 bad request body: this is no JSON"));
  EXPECT_THAT(refusal_of("[]"), HasSubstr("400 bad request body: the value is of the kind array"));
  EXPECT_EQ(refusal_of("{}"), "400 invalid toxic type");
  EXPECT_EQ(refusal_of(R"({"type": "packet_loss"})"), "400 invalid toxic type");
  EXPECT_EQ(refusal_of(R"({"type": "Latency"})"), "400 invalid toxic type");
  EXPECT_EQ(refusal_of(R"({"type": "latency", "stream": "walrustream"})"),
            "400 stream was invalid, can be either upstream or downstream");
  EXPECT_EQ(refusal_of(R"({"type": "latency", "stream": ""})"),
            "400 stream was invalid, can be either upstream or downstream");
  EXPECT_THAT(refusal_of(R"({"type": 7})"), HasSubstr("400 bad request body: type is of the kind int64"));
  EXPECT_THAT(refusal_of(R"({"type": "latency", "toxicity": "1"})"), HasSubstr("toxicity is of the kind string"));
  EXPECT_THAT(refusal_of(R"({"type": "latency", "attributes": []})"), HasSubstr("the value is of the kind array"));
  EXPECT_THAT(refusal_of(R"({"type": "latency", "attributes": {"latency": 1.5}})"), HasSubstr("a whole number"));
  EXPECT_THAT(refusal_of(R"({"type": "latency", "attributes": {"latency": -1}})"), HasSubstr("must not be negative"));
}

TEST(Toxic, IsChangedInWhatTheBodyNames) {
  const Toxic before =
      read_toxic(R"({"type": "latency", "toxicity": 0.5, "attributes": {"latency": 100, "jitter": 10}})");
  const Toxic after = read_update(before, R"({"name": "other", "stream": "upstream", "attributes": {"latency": 500}})");
  EXPECT_EQ(after.name, "latency_downstream");
  EXPECT_EQ(after.stream, Toxic::Stream::downstream);
  EXPECT_EQ(after.toxicity, 0.5);
  EXPECT_THAT(after.attributes, ElementsAre(500, 10));
  EXPECT_EQ(read_update(before, R"({"toxicity": 0})").toxicity, 0);
  EXPECT_EQ(read_update(before, "{}"), before);
}

TEST(Toxic, IsAFaultOfTheSameMeaning) {
  expect_kind(R"({"type": "latency", "attributes": {"latency": 100, "jitter": 10}})",
              faults::Latency{100ms, 10ms, faults::Distribution::uniform});
  expect_kind(R"({"type": "bandwidth", "attributes": {"rate": 100}})", faults::Bandwidth{100'000});
  expect_kind(R"({"type": "bandwidth"})", faults::Bandwidth{0});
  expect_kind(R"({"type": "slow_close", "attributes": {"delay": 100}})", faults::SlowClose{100ms});
  expect_kind(R"({"type": "timeout"})", faults::Stall{});
  expect_kind(R"({"type": "reset_peer"})", faults::Reset{});
  expect_kind(R"({"type": "reset_peer", "attributes": {"timeout": 100}})", faults::Reset{std::nullopt, 100ms});
  expect_kind(R"({"type": "slicer", "attributes": {"average_size": 64, "size_variation": 32, "delay": 10}})",
              faults::Slice{64, 32, 10us});
  expect_kind(R"({"type": "limit_data", "attributes": {"bytes": 100}})", faults::End{100, std::nullopt});
  expect_kind(R"({"type": "limit_data"})", faults::End{0, std::nullopt});
}

TEST(Toxic, IsNoFaultWhereItDoesNothing) {
  for (const char* body : {R"({"type": "noop"})", R"({"type": "latency"})", R"({"type": "slow_close"})",
                           R"({"type": "timeout", "toxicity": 0})", R"({"type": "timeout", "toxicity": -1})"}) {
    EXPECT_THAT(faults_of(read_toxic(body)), IsEmpty()) << body;
  }
}

TEST(Toxic, ThatStopsAndThenEndsConnectionsIsTwoFaultsOfOneLot) {
  const std::vector<faults::Fault> both =
      faults_of(read_toxic(R"({"type": "timeout", "toxicity": 0.5, "attributes": {"timeout": 100}})"));
  ASSERT_EQ(both.size(), 2u);
  EXPECT_EQ(both[0].kind, faults::Kind(faults::Stall{}));
  EXPECT_EQ(both[0].name, "timeout_downstream");
  EXPECT_EQ(both[0].lot_of, "");
  EXPECT_EQ(both[1].kind, faults::Kind(faults::End{std::nullopt, 100ms}));
  EXPECT_EQ(both[1].name, "timeout_downstream.end");
  EXPECT_EQ(both[1].lot_of, "timeout_downstream");
  EXPECT_EQ(both[1].percent, 50);
}

TEST(Toxic, MeetsTheShareOfConnectionsThatItsToxicitySays) {
  const auto percent = [](const std::string& toxicity) {
    return only_fault(R"({"type": "timeout", "toxicity": )" + toxicity + "}").percent;
  };
  EXPECT_EQ(percent("1"), 100);
  EXPECT_EQ(percent("0.07"), 7);
  EXPECT_EQ(percent("0.001"), 0.1);
  EXPECT_EQ(percent("2"), 100);
  EXPECT_EQ(only_fault(R"({"type": "timeout", "stream": "upstream"})").way, faults::Way::upstream);
  EXPECT_EQ(only_fault(R"({"type": "timeout"})").way, faults::Way::downstream);
}

TEST(Toxic, IsAFaultThatCanBeWhateverToxiproxysClientsAskFor) {
  for (const char* body :
       {R"({"type": "slicer", "attributes": {"average_size": 1000, "size_variation": 1000, "delay": 1000}})",
        R"({"type": "slicer", "attributes": {"average_size": 10, "size_variation": 1000}})", R"({"type": "slicer"})",
        R"({"type": "latency", "attributes": {"latency": 42, "jitter": 12345}})",
        R"({"name": "my toxic/1", "type": "reset_peer", "attributes": {"timeout": 1000}})"}) {
    EXPECT_EQ(faults::problem_of(only_fault(body)), "") << body;
  }
}

TEST(Toxic, BeyondAllBoundsIsAFaultThatIsRefused) {
  const std::string most = std::to_string(std::numeric_limits<std::int64_t>::max());
  for (const std::string attribute : {"latency", "jitter"}) {
    EXPECT_NE(
        faults::problem_of(only_fault(R"({"type": "latency", "attributes": {")" + attribute + "\": " + most + "}}")),
        "");
  }
  EXPECT_NE(faults::problem_of(only_fault(R"({"type": "bandwidth", "attributes": {"rate": )" + most + "}}")), "");
}

}  // namespace
}  // namespace weir::toxiproxy
