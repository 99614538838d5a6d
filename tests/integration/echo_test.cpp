#include <gtest/gtest.h>

#include <future>
#include <vector>

#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/random_bytes.hpp"
#include "tests/support/stopwatch.hpp"

namespace weir::test {
namespace {

using std::chrono::milliseconds;

TEST(Echo, GivesBackEveryByteUnchangedFromOneToEightMebibytes) {
  Daemon daemon = Daemon::with_config(echo_config());
  for (const std::size_t size : {1u, 2u, 1447u, 65535u, 65536u, 65537u, 1u << 20, 8u << 20}) {
    const std::string bytes = random_bytes(size, size);
    const Received received = daemon.connect().exchange(bytes);
    EXPECT_EQ(difference(received.bytes, bytes), "");
    EXPECT_EQ(received.ending, Ending::fin);
  }
}

TEST(Echo, AnswersWhatIsThereBeforeTheClientEnds) {
  Daemon daemon = Daemon::with_config(echo_config());
  Peer client = daemon.connect();
  for (const std::string word : {"a", "river", "held level"}) {
    client.send_all(word);
    EXPECT_EQ(client.receive_exactly(word.size()), word);
  }
}

TEST(Echo, UpperCasesAsciiLettersAndNoOtherByte) {
  Daemon daemon = Daemon::with_config("listeners: [{name: shout, bind: '127.0.0.1:0', echo: {transform: upper}}]");
  std::string bytes;
  std::string wanted;
  for (int repeat = 0; repeat < 3000; ++repeat) {
    for (int byte = 0; byte < 256; ++byte) {
      bytes += static_cast<char>(byte);
      wanted += static_cast<char>(byte >= 'a' && byte <= 'z' ? byte - 'a' + 'A' : byte);
    }
  }
  const Received received = daemon.connect().exchange(bytes);
  EXPECT_EQ(difference(received.bytes, wanted), "");
}

TEST(Echo, DeliversEverythingAfterTheClientsFinAndThenAFin) {
  Daemon daemon = Daemon::with_config(echo_config());
  Peer client = daemon.connect();
  const std::string bytes = random_bytes(128 << 10);
  client.send_all(bytes);
  client.shutdown_write();
  const Received received = client.receive_until_end();
  EXPECT_EQ(difference(received.bytes, bytes), "");
  EXPECT_EQ(received.ending, Ending::fin);
  EXPECT_EQ(daemon.wait_for_record().end(), "client_closed");
}

TEST(Echo, SeesTheFinThatCameInOneSegmentWithTheLastBytes) {
  Daemon daemon = Daemon::with_config(echo_config());
  for (int i = 0; i < 100; ++i) {
    Peer client = daemon.connect();
    ASSERT_EQ(::send(client.fd(), "last words", 10, MSG_MORE), 10);
    client.shutdown_write();
    const Received received = client.receive_until_end();
    ASSERT_EQ(received.bytes, "last words");
    ASSERT_EQ(received.ending, Ending::fin);
  }
}

TEST(Echo, GoesOnAfterUrgentData) {
  Daemon daemon = Daemon::with_config(echo_config());
  Peer client = daemon.connect();
  std::string wanted;
  for (int i = 0; i < 20; ++i) {
    client.send_all("before");
    client.send_urgent('!');
    client.send_all("after");
    wanted += "before!after";
  }
  client.shutdown_write();
  EXPECT_EQ(client.receive_until_end().bytes, wanted);
}

TEST(Echo, ServesManyConnectionsAtOnceEachWithItsOwnBytes) {
  Daemon daemon = Daemon::with_config(echo_config());
  std::vector<std::future<std::string>> exchanges;
  for (int i = 0; i < 64; ++i) {
    exchanges.push_back(std::async(std::launch::async, [&daemon, i] {
      const std::string bytes = random_bytes(256 << 10, static_cast<std::uint64_t>(i));
      return difference(daemon.connect().exchange(bytes).bytes, bytes);
    }));
  }
  for (std::future<std::string>& exchange : exchanges) EXPECT_EQ(exchange.get(), "");
}

TEST(Echo, HoldsALittleForAReaderThatStallsAndGivesItAllWhenItReads) {
  Daemon daemon = Daemon::with_config(echo_config());
  Peer client = daemon.connect("", {.receive_buffer = 16 << 10, .send_buffer = 64 << 10});
  const std::size_t before = daemon.process().resident();
  const std::string bytes = random_bytes(96 << 20);
  const std::size_t sent = client.send_until_stalled(bytes);
  EXPECT_LT(sent, bytes.size()) << "took everything while nothing was read";
  if (!kSanitized) {
    EXPECT_LT(daemon.process().resident(), before + (8 << 20));
  }
  client.shutdown_write();
  const Received received = client.receive_until_end();
  EXPECT_EQ(difference(received.bytes, bytes.substr(0, sent)), "");
  EXPECT_EQ(received.ending, Ending::fin);
}

TEST(Echo, RecordsAClientsReset) {
  Daemon daemon = Daemon::with_config(echo_config());
  Peer client = daemon.connect();
  client.send_all(std::string(1000, 'x'));
  client.receive_exactly(1000);
  client.reset();
  const Record record = daemon.wait_for_record();
  EXPECT_EQ(record.end(), "client_reset");
  EXPECT_EQ(record.bytes_in(), 1000);
  EXPECT_EQ(record.bytes_out(), 1000);
}

TEST(Echo, ClosesAnIdleConnectionNotBeforeItsTimeout) {
  Daemon daemon = Daemon::with_config(echo_config("timeouts: {idle: 1s}"));
  Peer client = daemon.connect();
  Stopwatch since_last_byte;
  for (int i = 0; i < 4; ++i) {
    EXPECT_FALSE(client.readable(milliseconds(300)));
    since_last_byte = Stopwatch();
    client.send_all("x");
    client.receive_exactly(1);
  }
  EXPECT_EQ(client.receive_until_end().ending, Ending::fin);
  EXPECT_GE(since_last_byte.elapsed(), milliseconds(1000));
  EXPECT_EQ(daemon.wait_for_record().end(), "idle_timeout");
}

TEST(Echo, EndsABusyConnectionAtItsLifetimeAndNotBefore) {
  Daemon daemon = Daemon::with_config(echo_config("timeouts: {lifetime: 400ms}"));
  const Stopwatch since_connect;
  Peer client = daemon.connect();
  char byte = 'x';
  while (::send(client.fd(), &byte, 1, MSG_NOSIGNAL) == 1 && ::recv(client.fd(), &byte, 1, 0) == 1) {
    ASSERT_LT(since_connect.elapsed(), kHang);
  }
  EXPECT_GE(since_connect.elapsed(), milliseconds(400));
  EXPECT_EQ(daemon.wait_for_record().end(), "lifetime");
}

}  // namespace
}  // namespace weir::test
