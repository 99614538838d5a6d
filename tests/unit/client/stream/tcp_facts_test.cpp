#include "client/stream/tcp_facts.hpp"

#include <gtest/gtest.h>

namespace weir::load {
namespace {

TcpFacts facts(std::uint64_t busy, std::uint64_t rwnd, std::uint64_t sndbuf) {
  TcpFacts facts;
  facts.busy_us = busy;
  facts.rwnd_us = rwnd;
  facts.sndbuf_us = sndbuf;
  return facts;
}

TEST(SendLimits, SharesAddUpToAllOfTheTime) {
  const SendLimits limits = SendLimits::of(facts(900, 300, 100), 1000);
  EXPECT_DOUBLE_EQ(limits.receiver(), 0.3);
  EXPECT_DOUBLE_EQ(limits.send_buffer(), 0.1);
  EXPECT_DOUBLE_EQ(limits.network(), 0.5);
  EXPECT_DOUBLE_EQ(limits.idle(), 0.1);
}

TEST(SendLimits, TakesNoMoreThanThereWas) {
  EXPECT_EQ(SendLimits::of(facts(2000, 1500, 1500), 1000), (SendLimits{1000, 1000, 1000, 0}));
  EXPECT_EQ(SendLimits::of(facts(500, 300, 300), 1000), (SendLimits{1000, 500, 300, 200}));
}

TEST(SendLimits, AreWeighedByTheirTime) {
  SendLimits limits = SendLimits::of(facts(1000, 1000, 0), 1000);
  limits.add(SendLimits::of(facts(0, 0, 0), 3000));
  EXPECT_DOUBLE_EQ(limits.receiver(), 0.25);
  EXPECT_DOUBLE_EQ(limits.idle(), 0.75);
}

TEST(LimitsSentence, BeginsWithTheLargest) {
  EXPECT_EQ(
      limits_sentence(SendLimits::of(facts(990, 620, 30), 1000), false, "our"),
      "limited by the receiver's window 62 % of the time, by the network (congestion window) 34 %, by our send buffer "
      "3 %, by the sending program 1 %");
}

TEST(LimitsSentence, LeavesOutWhatNeverWas) {
  EXPECT_EQ(limits_sentence(SendLimits::of(facts(1000, 1000, 0), 1000), false, "our"),
            "limited by the receiver's window 100 % of the time");
}

TEST(LimitsSentence, CallsThePaceByItsName) {
  EXPECT_EQ(limits_sentence(SendLimits::of(facts(20, 0, 0), 1000), true, "its"),
            "limited by the pace 98 % of the time, by the network (congestion window) 2 %");
}

TEST(LimitsSentence, IsEmptyWithoutFigures) {
  EXPECT_EQ(limits_sentence({}, false, "our"), "");
  EXPECT_EQ(largest_limit({}, false), "unknown");
}

TEST(LargestLimit, HasAKey) {
  EXPECT_EQ(largest_limit(SendLimits::of(facts(1000, 600, 0), 1000), false), "receiver");
  EXPECT_EQ(largest_limit(SendLimits::of(facts(1000, 0, 600), 1000), false), "send_buffer");
  EXPECT_EQ(largest_limit(SendLimits::of(facts(1000, 0, 0), 1000), false), "network");
  EXPECT_EQ(largest_limit(SendLimits::of(facts(0, 0, 0), 1000), false), "application");
  EXPECT_EQ(largest_limit(SendLimits::of(facts(0, 0, 0), 1000), true), "pace");
}

TEST(TcpFacts, AreNoneOfADescriptorWithoutTcp) { EXPECT_EQ(read_tcp_facts(0), std::nullopt); }

}  // namespace
}  // namespace weir::load
