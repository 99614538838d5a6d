#include <gtest/gtest.h>

#include <set>

#include "common/faults/lot.hpp"
#include "tests/support/faulty_way.hpp"

/// Faults that hold bytes back or change them: what arrives is what was sent, in order, and not before its time.
namespace weir::test {
namespace {

using std::chrono::milliseconds;

class FaultsDelay : public FaultyWay {
 protected:
  /// The lot of the n-th connection, as the daemon draws it.
  faults::Lot lot(std::uint64_t number = 1) const { return {kSeed, listener(), "harm", number}; }
};

WEIR_EACH_ROUTE(FaultsDelay);

TEST_P(FaultsDelay, NoByteAndNoFinComesBeforeTheLatency) {
  start("latency: {delay: 300ms}");
  const Stopwatch before;
  sender().send_all("first");
  sender().finish();
  EXPECT_EQ(receiver().receive_exactly(5), "first");
  EXPECT_GE(before.elapsed(), milliseconds(300));
  EXPECT_EQ(receiver().socket().receive_until_end().ending, Ending::fin);
  if (is_echo()) return;
  // The other way goes on, and at once.
  receiver().send_all("reply");
  EXPECT_EQ(sender().receive_exactly(5), "reply");
  receiver().finish();
  EXPECT_EQ(sender().socket().receive_until_end().ending, Ending::fin);
  const Record record = daemon_->wait_for_record();
  EXPECT_EQ(record.end(), is_upstream() ? "client_closed" : "server_closed");
  EXPECT_EQ(record.bytes_lost(), 0);
}

class FaultsDelayProxied : public FaultsDelay {};

WEIR_EACH_PROXIED_ROUTE(FaultsDelayProxied);

TEST_P(FaultsDelayProxied, AFinAloneComesLaterToo) {
  start("latency: {delay: 300ms}");
  const Stopwatch before;
  sender().finish();
  EXPECT_EQ(receiver().socket().receive_until_end().ending, Ending::fin);
  EXPECT_GE(before.elapsed(), milliseconds(300));
}

TEST_P(FaultsDelay, StreamArrivesWholeUnderEveryKindThatHoldsItBack) {
  const std::string bytes = random_bytes(3'000'001);
  for (const std::string kind :
       {"latency: {delay: 5ms, jitter: 5ms}", "latency: {delay: 3ms, jitter: 3ms, distribution: normal}",
        "latency: {delay: 3ms, jitter: 3ms, distribution: pareto}", "latency: {delay: 10ms, distribution: constant}",
        "bandwidth: 20MB/s", "slice: {size: 5000, variation: 5000}", "slice: {size: 40KiB, delay: 1ms}",
        "stall: {after: 10KiB, for: 20ms, every: 500KiB, probability: 0.7}", "slow_close: 20ms"}) {
    SCOPED_TRACE(kind);
    start(kind);
    const TlsReceived received = passes(bytes);
    EXPECT_EQ(difference(received.bytes, bytes), "");
    EXPECT_EQ(received.ending, Ending::fin);
    EXPECT_EQ(received.close_notify, GetParam().tls);
  }
}

TEST_P(FaultsDelay, AllOfThemTogetherLoseNothing) {
  const std::string way = is_upstream() ? "upstream" : "downstream";
  std::string faults;
  for (const std::string kind : {"latency: {delay: 2ms, jitter: 2ms}", "latency: {delay: 1ms}", "bandwidth: 30MB/s",
                                 "slice: {size: 20000, variation: 10000}",
                                 "stall: {after: 100KiB, for: 5ms, every: 300KiB}", "slow_close: 10ms"}) {
    faults += (faults.empty() ? "" : ", ") + ("{name: f" + std::to_string(faults.size())) + ", direction: " + way +
              ", " + kind + "}";
  }
  start("", "faults: [" + faults + "]");
  const std::string bytes = random_bytes(2'000'000);
  const TlsReceived received = passes(bytes);
  EXPECT_EQ(difference(received.bytes, bytes), "");
  EXPECT_EQ(received.ending, Ending::fin);
  client_.reset();
  server_.reset();
  EXPECT_EQ(faults_of(daemon_->wait_for_record()).names.size(), 6u);
}

TEST_P(FaultsDelayProxied, OneThatIsCarriedOnTheOtherWayTouchesNothing) {
  start("", std::string("faults: [{name: harm, direction: ") + (is_upstream() ? "downstream" : "upstream") +
                ", bandwidth: 0B/s}]");
  sender().send_all("passes");
  EXPECT_EQ(receiver().receive_exactly(6), "passes");
}

TEST_P(FaultsDelay, AWayStopsAtTheByteThatItStallsAt) {
  for (const std::size_t place : {0u, 1u, 65536u, 100'000u}) {
    SCOPED_TRACE(place);
    const Stopwatch before;  // a stall after no byte begins with the connection
    start("stall: {after: " + std::to_string(place) + ", for: 400ms}");
    const std::string bytes = random_bytes(place + 1);
    std::future<void> sending = std::async(std::launch::async, [&] {
      if (!is_echo()) send_what_goes(bytes);
    });
    if (is_echo()) sender().send_all(bytes);
    EXPECT_EQ(difference(receiver().receive_exactly(place), bytes.substr(0, place)), "");
    EXPECT_EQ(receiver().receive_exactly(1), bytes.substr(place));
    EXPECT_GE(before.elapsed(), milliseconds(400));
    sending.get();
  }
}

TEST_P(FaultsDelay, AStallWithoutAnEndLetsExactlySoMuchPassUntilItIsRemoved) {
  start("stall: {after: 5000}");
  const std::string bytes = random_bytes(20'000);
  sender().send_all(bytes);
  sender().finish();
  EXPECT_EQ(difference(receiver().receive_exactly(5000), bytes.substr(0, 5000)), "");
  EXPECT_TRUE(is_silent(receiver()));
  remove_fault(admin(), listener());
  EXPECT_EQ(difference(receiver().receive_exactly(15'000), bytes.substr(5000)), "");
  EXPECT_EQ(receiver().socket().receive_until_end().ending, Ending::fin);
}

TEST_P(FaultsDelay, WithoutBandwidthNothingPassesUntilTheFaultIsRemoved) {
  start("bandwidth: 0B/s");
  sender().send_all("held");
  sender().finish();
  EXPECT_TRUE(is_silent(receiver()));
  remove_fault(admin(), listener());
  EXPECT_EQ(receiver().receive_exactly(4), "held");
  EXPECT_EQ(receiver().socket().receive_until_end().ending, Ending::fin);
}

/// As if the other side had lost its power: no byte passes, and no FIN.
TEST_P(FaultsDelay, AHalfOpenConnectionPassesNothingEitherWayAndGoesOnWithoutTheFault) {
  start("half_open: {}");
  client_->send_all("question");
  if (server_) server_->send_all("answer");
  sender().finish();
  EXPECT_TRUE(is_silent(*client_));
  if (server_) {
    EXPECT_TRUE(is_silent(*server_));
  }
  remove_fault(admin(), listener());
  if (is_echo()) {
    EXPECT_EQ(client_->receive_exactly(8), "question");
  } else {
    EXPECT_EQ(server_->receive_exactly(8), "question");
    EXPECT_EQ(client_->receive_exactly(6), "answer");
  }
  EXPECT_EQ(receiver().socket().receive_until_end().ending, Ending::fin);
}

TEST_P(FaultsDelay, ASlowCloseHoldsBackTheEndAlone) {
  start("slow_close: 400ms");
  sender().send_all("at once");
  EXPECT_EQ(receiver().receive_exactly(7), "at once");
  const Stopwatch before;
  sender().finish();
  EXPECT_EQ(receiver().socket().receive_until_end().ending, Ending::fin);
  EXPECT_GE(before.elapsed(), milliseconds(400));
}

TEST_P(FaultsDelay, ASlowCloseIsNotCutShortByAnotherFaultThatIsSet) {
  start("slow_close: 600ms");
  const Stopwatch before;
  sender().finish();
  for (int i = 0; i < 5; ++i)
    set_fault(admin(), listener(), fault(R"("bandwidth": ")" + std::to_string(i + 1) + R"(MB/s")", "other"));
  EXPECT_EQ(receiver().socket().receive_until_end().ending, Ending::fin);
  EXPECT_GE(before.elapsed(), milliseconds(600));
}

TEST_P(FaultsDelay, ExactlyTheDrawnBitsAreOthers) {
  for (const std::uint64_t block : {1u, 1000u, 65536u, 1'000'000u}) {
    SCOPED_TRACE(block);
    start("corrupt: {per_bytes: " + std::to_string(block) + "}");
    for (std::uint64_t number = 1; number <= 2; ++number) {
      if (number > 1) connect();
      const std::string bytes = random_bytes(1'300'000, number);
      std::string wanted = bytes;
      for (std::uint64_t i = 0; i * block < bytes.size(); ++i) {
        const faults::TurnedBit turned = faults::turned_bit({block}, lot(number), i);
        if (turned.place < wanted.size()) wanted[turned.place] = static_cast<char>(wanted[turned.place] ^ turned.mask);
      }
      const TlsReceived received = passes(bytes);
      EXPECT_NE(wanted, bytes);
      EXPECT_EQ(difference(received.bytes, wanted), "");
    }
  }
}

class FaultsSlices : public FaultsDelay {};

WEIR_EACH_PLAIN_ROUTE(FaultsSlices);

/// A reader may be late and get several at once, but never a part of one.
TEST_P(FaultsSlices, EachReadEndsWhereASliceEnds) {
  const faults::Slice slice{.size = 100, .variation = 90, .delay = milliseconds(2)};
  start("slice: {size: 100, variation: 90, delay: 2ms}");
  constexpr std::size_t kSize = 10'000;
  std::set<std::size_t> ends{kSize};
  for (std::size_t at = 0; at < kSize;) {
    at += faults::slice_at(slice, lot(), at);
    ends.insert(at);
  }
  const std::string bytes = random_bytes(kSize);
  sender().send_all(bytes);
  std::string got;
  std::string buffer(kSize, '\0');
  std::size_t reads = 0;
  while (got.size() < kSize) {
    const ssize_t count = ::recv(receiver().socket().fd(), buffer.data(), buffer.size(), 0);
    ASSERT_GT(count, 0);
    got.append(buffer, 0, static_cast<std::size_t>(count));
    ASSERT_TRUE(ends.contains(got.size())) << got.size();
    ++reads;
  }
  EXPECT_GT(reads, 10u);
  EXPECT_EQ(difference(got, bytes), "");
}

TEST_P(FaultsSlices, APauseStandsBetweenTwoOfThem) {
  start("slice: {size: 10, delay: 20ms}");
  const Stopwatch before;
  sender().send_all(random_bytes(101));
  receiver().receive_exactly(101);
  EXPECT_GE(before.elapsed(), milliseconds(10 * 20));
}

class FaultsManySmall : public FaultsDelay {};

WEIR_EACH_PLAIN_ROUTE(FaultsManySmall);

/// Each byte is a piece of its own.
TEST_P(FaultsManySmall, BytesThatComeOneByOneKeepTheirOrder) {
  start("latency: {delay: 20ms, jitter: 20ms}");
  const int on = 1;
  ::setsockopt(sender().socket().fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const std::string bytes = random_bytes(20'000);
  std::future<void> sending = std::async(std::launch::async, [&] {
    for (const char byte : bytes) send_what_goes({&byte, 1});
    sender().finish();
  });
  const TlsReceived received = receiver().receive_until_end();
  sending.get();
  EXPECT_EQ(difference(received.bytes, bytes), "");
  EXPECT_EQ(received.ending, Ending::fin);
}

}  // namespace
}  // namespace weir::test
