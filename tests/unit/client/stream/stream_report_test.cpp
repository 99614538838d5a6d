#include "client/stream/stream_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace weir::load {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::uint64_t kMegabyte = 1'000'000;

StreamProgress progress(std::uint64_t up, std::uint64_t down, std::uint64_t retransmits) {
  TcpFacts facts;
  facts.rtt_us = 100;
  facts.min_rtt_us = 40;
  facts.retransmits = retransmits;
  return {up, down, facts};
}

/// Two streams that went both ways for two seconds, the second one three times as fast as the first.
StreamSummary summary() {
  StreamSummary summary;
  summary.options.target = parse_address("127.0.0.1:7001", AddressUse::target);
  summary.options.direction = Direction::both;
  summary.options.streams = 2;
  summary.reached = 2;
  summary.window_seconds = 2;
  summary.cpu_seconds = 0.8;
  summary.window_began = {progress(0, 0, 0), progress(10, 10, 1)};
  summary.window_ended = {progress(100 * kMegabyte, 100 * kMegabyte, 0),
                          progress(300 * kMegabyte + 10, 300 * kMegabyte + 10, 4)};
  summary.window = interval_between(summary.window_began, summary.window_ended, 2, 2);
  for (int i = 0; i < 2; ++i) {
    StreamOutcome outcome;
    outcome.reached = true;
    outcome.far_end = FarEnd::serve;
    outcome.progress = summary.window_ended[static_cast<std::size_t>(i)];
    outcome.limits = {1000, 1000, 250, 0};
    outcome.close = std::chrono::milliseconds(1);
    outcome.result = StreamResult();
    outcome.result->limits = {1000, 500, 0, 500};
    summary.outcomes.push_back(outcome);
  }
  return summary;
}

TEST(StreamInterval, IsWhatMovedBetweenTwoSamples) {
  const StreamInterval interval = summary().window;
  EXPECT_EQ(interval.up, 400 * kMegabyte);
  EXPECT_EQ(interval.down, 400 * kMegabyte);
  EXPECT_EQ(interval.retransmits, 3U);
  EXPECT_EQ(interval.rtt_us, 100);
  EXPECT_EQ(interval.min_rtt_us, 40U);
}

TEST(StreamSummary, KnowsRatesAndFairness) {
  const StreamSummary run = summary();
  EXPECT_DOUBLE_EQ(run.up_rate(), 200e6);
  EXPECT_DOUBLE_EQ(run.cpu_per_gigabyte(), 1);
  EXPECT_DOUBLE_EQ(run.fairness().slowest, 100e6);
  EXPECT_DOUBLE_EQ(run.fairness().fastest, 300e6);
  EXPECT_DOUBLE_EQ(run.fairness().jain, 0.8);
  EXPECT_EQ(run.exit_status(), 0);
}

TEST(StreamSummary, AWrongByteIsForgivenByNothing) {
  StreamSummary run = summary();
  run.options.max_errors = 10;
  run.outcomes[1].wrong = WrongReply();
  EXPECT_EQ(run.exit_status(), 4);
}

TEST(StreamSummary, FailuresAreForgivenWithinTheirLimit) {
  StreamSummary run = summary();
  run.outcomes[1].failure = Failure::reset;
  EXPECT_EQ(run.exit_status(), 1);
  run.options.max_errors = 1;
  EXPECT_EQ(run.exit_status(), 0);
}

TEST(StreamReport, SaysWhatWentThroughAndWhatLimitedIt) {
  const std::string text = stream_text_report(summary());
  EXPECT_THAT(text, HasSubstr("  up        381 MiB    1.60 Gbit/s       191 MiB/s\n"));
  EXPECT_THAT(text, HasSubstr("slowest 800 Mbit/s, fastest 2.40 Gbit/s, Jain's index 0.800"));
  EXPECT_THAT(text, HasSubstr("Sending      limited by the network (congestion window) 75 % of the time, by the "
                              "receiver's window\n             25 %\n"));
  EXPECT_THAT(text,
              HasSubstr("Far sending  limited by its send buffer 50 % of the time, by the sending program 50 %\n"));
  EXPECT_THAT(text, HasSubstr("Errors       none; every byte was right\n"));
}

TEST(StreamReport, FitsATerminal) {
  StreamSummary run = summary();
  for (const Direction direction : {Direction::up, Direction::down, Direction::both}) {
    for (const FarEnd far_end : {FarEnd::silent, FarEnd::echo, FarEnd::serve}) {
      run.options.direction = direction;
      for (StreamOutcome& outcome : run.outcomes) outcome.far_end = far_end;
      std::istringstream lines(stream_text_report(run));
      for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100U) << line;
    }
  }
}

TEST(StreamReport, DoesNotSayThatEveryByteWasRightWhereNobodyLooked) {
  StreamSummary run = summary();
  run.options.direction = Direction::up;
  for (StreamOutcome& outcome : run.outcomes) {
    outcome.far_end = FarEnd::silent;
    outcome.result.reset();
  }
  EXPECT_THAT(stream_text_report(run), Not(HasSubstr("every byte was right")));
  EXPECT_THAT(stream_text_report(run), HasSubstr("Errors       none\n"));
}

TEST(StreamReport, ShowsAWrongByte) {
  StreamSummary run = summary();
  WrongReply wrong;
  wrong.kind = Failure::lost;
  wrong.offset = 1000;
  wrong.text = "17 bytes lost at byte 1000 of stream 1";
  wrong.expected = "\x01\x02";
  wrong.received = std::string("\xff\0", 2);
  run.outcomes[1].wrong = wrong;
  const std::string text = stream_text_report(run);
  EXPECT_THAT(text, HasSubstr("           1  WRONG BYTES: bytes lost\n"));
  EXPECT_THAT(text, HasSubstr("              down: 17 bytes lost at byte 1000 of stream 1\n"
                              "                expected  01 02\n                received  ff 00\n"));
  const auto json = stream_json_report(run);
  EXPECT_EQ(json.at("exit_status").to_number<int>(), 4);
  EXPECT_EQ(json.at("streams").at(1).at("wrong").at("offset").to_number<int>(), 1000);
  EXPECT_TRUE(json.at("streams").at(0).at("wrong").is_null());
}

TEST(StreamReport, LargestLimitHasAKeyInJson) {
  const auto json = stream_json_report(summary());
  EXPECT_EQ(json.at("limits").at("largest"), "network");
  EXPECT_EQ(json.at("far_limits").at("largest"), "send_buffer");
}

}  // namespace
}  // namespace weir::load
