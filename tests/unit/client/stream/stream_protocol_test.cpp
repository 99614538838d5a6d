#include "client/stream/stream_protocol.hpp"

#include <gtest/gtest.h>

#include <set>

#include "client/message/pattern.hpp"

namespace weir::load {
namespace {

std::string without_newline(std::string line) {
  EXPECT_TRUE(line.ends_with('\n'));
  line.pop_back();
  return line;
}

TEST(StreamPreamble, IsALineThatCanBeRead) {
  const StreamPreamble preamble{Direction::both, 10'485'760, 0x5f3a91, 17};
  EXPECT_EQ(preamble.client_line(), "WEIR-LOAD/1 stream both pace=10485760 run=5f3a91 stream=17\n");
  EXPECT_EQ(preamble.server_line(), "WEIR-LOAD/1 serve both pace=10485760 run=5f3a91 stream=17\n");
}

TEST(StreamPreamble, ParsesWhatItWrites) {
  for (const Direction direction : {Direction::up, Direction::down, Direction::both}) {
    const StreamPreamble preamble{direction, ~std::uint64_t{0}, 0xffffff, ~std::uint32_t{0}};
    const std::string line = preamble.client_line();
    EXPECT_LT(line.size(), StreamPreamble::kLongest);
    EXPECT_EQ(StreamPreamble::parse_client(without_newline(line)), preamble);
  }
}

TEST(StreamPreamble, RefusesEverythingElse) {
  for (const char* line :
       {"", "GET / HTTP/1.1", "WEIR-LOAD/2 stream up pace=0 run=1 stream=0",
        "WEIR-LOAD/1 serve up pace=0 run=1 stream=0", "WEIR-LOAD/1 stream sideways pace=0 run=1 stream=0",
        "WEIR-LOAD/1 stream up pace=-1 run=1 stream=0", "WEIR-LOAD/1 stream up pace=0 run=xyz stream=0",
        "WEIR-LOAD/1 stream up pace=0 run=1 stream=0 more", "WEIR-LOAD/1 stream up pace=0 run=1",
        "WEIR-LOAD/1 stream up", "WEIR-LOAD/1 stream up pace=99999999999999999999 run=1 stream=0"}) {
    EXPECT_EQ(StreamPreamble::parse_client(line), std::nullopt) << line;
  }
}

TEST(StreamStart, IsAnotherOneForEachStreamAndWay) {
  std::set<std::uint64_t> starts;
  for (std::uint32_t stream = 0; stream < 10'000; ++stream) {
    for (const bool up : {true, false}) starts.insert(stream_start(7, stream, up));
  }
  EXPECT_EQ(starts.size(), 20'000U);
  EXPECT_LT(*starts.rbegin(), Pattern::kPeriod);
  EXPECT_NE(stream_start(7, 0, true), stream_start(8, 0, true));
}

TEST(StreamResult, ParsesWhatItWrites) {
  StreamResult result;
  result.received = 1'000'000'007;
  result.sent = 42;
  result.wrong = Failure::lost;
  result.amount = 17;
  result.expected = std::string("\0\n ab", 5);
  result.got = std::string(32, '\xff');
  result.limits = {1'000'000, 900'000, 300'000, 100'000};
  result.tcp.rtt_us = 45;
  result.tcp.min_rtt_us = 20;
  result.tcp.retransmits = 3;
  result.tcp.bytes_retrans = 4'344;
  const std::optional<StreamResult> read = StreamResult::parse(without_newline(result.line()));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->received, result.received);
  EXPECT_EQ(read->sent, result.sent);
  EXPECT_EQ(read->wrong, result.wrong);
  EXPECT_EQ(read->amount, result.amount);
  EXPECT_EQ(read->expected, result.expected);
  EXPECT_EQ(read->got, result.got);
  EXPECT_EQ(read->limits, result.limits);
  EXPECT_EQ(read->tcp, result.tcp);
}

TEST(StreamResult, FitsIntoItsLine) {
  StreamResult result;
  constexpr std::uint64_t kMost = ~std::uint64_t{0};
  result.received = result.sent = result.amount = kMost;
  result.wrong = Failure::out_of_order;
  result.expected = result.got = std::string(32, 'x');
  result.limits = {kMost, kMost, kMost, kMost};
  result.tcp = {kMost, kMost, kMost, kMost, kMost, kMost, kMost, kMost};
  EXPECT_LE(result.line().size(), StreamResult::kLongest);
}

TEST(StreamResult, RefusesWhatIsNone) {
  const std::string line = without_newline(StreamResult().line());
  ASSERT_TRUE(StreamResult::parse(line));
  EXPECT_FALSE(StreamResult::parse(line + " more"));
  for (std::size_t length = 0; length < line.size(); ++length) {
    EXPECT_FALSE(StreamResult::parse(line.substr(0, length))) << length;
  }
  std::string unknown = line;
  unknown.replace(unknown.find("none"), 4, "nine");
  EXPECT_FALSE(StreamResult::parse(unknown));
}

TEST(StreamResult, TakesNoSharesThatDoNotAddUp) {
  StreamResult result;
  result.limits = {100, 200, 300, 400};
  const std::optional<StreamResult> read = StreamResult::parse(without_newline(result.line()));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->limits, (SendLimits{100, 100, 100, 0}));
}

}  // namespace
}  // namespace weir::load
