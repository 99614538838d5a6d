#include <gtest/gtest.h>
#include <netinet/in.h>

#include "tests/support/faulty_way.hpp"
#include "tests/support/open_sockets.hpp"

/// Faults that end a connection: after which byte, when, and how the two sides see it.
namespace weir::test {
namespace {

using std::chrono::milliseconds;

/// A RST, unless a FIN is expected.
Ending wanted(const std::string& kind) { return kind == "end" ? Ending::fin : Ending::reset; }

class FaultsCut : public FaultyWay {
 protected:
  /// How many bytes a fault ends a connection after.
  static std::vector<std::size_t> cuts() {
    if (GetParam().tls) return {1, 16384, 65536};
    return {0, 1, 65536, 1'000'000};
  }
};

WEIR_EACH_ROUTE(FaultsCut);

TEST_P(FaultsCut, ResetComesToBothSidesAfterExactlySoManyBytes) {
  for (const std::size_t cut : cuts()) {
    SCOPED_TRACE(cut);
    start("reset: {after_bytes: " + std::to_string(cut) + "}");
    const std::string bytes = random_bytes(cut + 5000);
    const TlsReceived received = arrives_of(bytes);
    EXPECT_EQ(difference(received.bytes, bytes.substr(0, cut)), "");
    EXPECT_EQ(received.ending, Ending::reset);
    EXPECT_FALSE(received.close_notify);
    EXPECT_EQ(ending_of_sender(), Ending::reset);
    const Record record = daemon_->wait_for_record();
    EXPECT_EQ(record.end(), "fault_reset");
    EXPECT_EQ(faults_of(record), (MetFaults{1, {"harm"}}));
    EXPECT_EQ(record.bytes_in(), is_upstream() || is_echo() ? static_cast<std::int64_t>(cut) : 0);
    if (!is_upstream()) {
      EXPECT_EQ(record.bytes_out(), static_cast<std::int64_t>(cut));
    }
    EXPECT_EQ(record.bytes_lost(), 0);
  }
}

TEST_P(FaultsCut, FinComesAfterExactlySoManyBytes) {
  for (const std::size_t cut : cuts()) {
    SCOPED_TRACE(cut);
    start("end: {after_bytes: " + std::to_string(cut) + "}");
    const std::string bytes = random_bytes(cut + 5000);
    send_what_goes(bytes.substr(0, cut + 1));
    const TlsReceived received = receiver().receive_until_end();
    EXPECT_EQ(difference(received.bytes, bytes.substr(0, cut)), "");
    EXPECT_EQ(received.ending, Ending::fin);
    EXPECT_EQ(received.close_notify, GetParam().tls);
    if (!is_echo()) {
      EXPECT_EQ(sender().receive_until_end().ending, Ending::fin);
    }
    client_.reset();
    server_.reset();
    const Record record = daemon_->wait_for_record();
    EXPECT_EQ(record.end(), "fault_end");
    EXPECT_EQ(faults_of(record), (MetFaults{1, {"harm"}}));
    EXPECT_EQ(record.bytes_lost(), 0);
  }
}

/// Closing a socket that holds unread bytes would reset it (RFC 2525, 2.17).
TEST_P(FaultsCut, AFinIsNoResetAlthoughTheSenderGoesOnSending) {
  start("end: {after_bytes: 1000}");
  send_what_goes(random_bytes(1000));
  const TlsReceived received = receiver().receive_until_end();
  EXPECT_EQ(received.bytes.size(), 1000u);
  EXPECT_EQ(received.ending, Ending::fin);
  // More than fits into any socket's buffers, so that it goes only if it is read.
  EXPECT_NO_THROW(sender().send_all(random_bytes(30'000'000)));
  EXPECT_NO_THROW(sender().finish());
  if (!is_echo()) {
    EXPECT_NO_THROW(receiver().send_all(random_bytes(30'000'000)));
    EXPECT_NO_THROW(receiver().finish());
  }
  EXPECT_EQ(daemon_->wait_for_record().end(), "fault_end");
}

/// Who does not close its side is not waited for, and gets no RST either.
TEST_P(FaultsCut, AFinIsNoResetAlthoughNobodyAnswersIt) {
  start("end: {after_bytes: 3}", "timeouts: {half_close: 200ms}");
  sender().send_all("abc");
  EXPECT_EQ(receiver().receive_exactly(3), "abc");
  EXPECT_EQ(daemon_->wait_for_record().end(), "fault_end");
  EXPECT_EQ(client_->socket().receive_until_end().ending, Ending::fin);
  EXPECT_EQ(client_->socket().receive_until_end().ending, Ending::fin);
}

TEST_P(FaultsCut, ATimeEndsAConnectionThatSaysNothing) {
  for (const std::string kind : {"reset", "end"}) {
    SCOPED_TRACE(kind);
    const Stopwatch before;
    start(kind + ": {after: 400ms}");
    EXPECT_EQ(receiver().socket().receive_until_end().ending, wanted(kind));
    EXPECT_GE(before.elapsed(), milliseconds(400));
    if (!is_echo()) {
      EXPECT_EQ(sender().socket().receive_until_end().ending, wanted(kind));
    }
    client_.reset();
    server_.reset();
    EXPECT_EQ(daemon_->wait_for_record().end(), "fault_" + kind);
  }
}

class FaultsCutProxied : public FaultsCut {};

WEIR_EACH_PROXIED_ROUTE(FaultsCutProxied);

TEST_P(FaultsCutProxied, ATimeEndsAConnectionInMidStream) {
  const Stopwatch before;
  start("reset: {after: 300ms}");
  const std::string bytes = random_bytes(4 << 20);
  std::future<void> sending = std::async(std::launch::async, [&] {
    // Far more than passes in that time.
    for (int i = 0; i < 10'000 && sender().socket().open(); ++i) {
      try {
        sender().send_all(bytes);
      } catch (const std::exception&) {
        return;
      }
    }
  });
  std::string buffer(1 << 20, '\0');
  ssize_t count = 1;
  while (count > 0) count = ::recv(receiver().socket().fd(), buffer.data(), buffer.size(), 0);
  EXPECT_EQ(count, -1);
  EXPECT_EQ(errno, ECONNRESET);
  EXPECT_GE(before.elapsed(), milliseconds(300));
  sending.get();
  EXPECT_EQ(daemon_->wait_for_record().end(), "fault_reset");
}

class FaultsCutPlain : public FaultyWay {};

WEIR_EACH_PLAIN_ROUTE(FaultsCutPlain);

/// A handshake of TLS might not have ended.
TEST_P(FaultsCutPlain, WithoutAPlaceAndATimeItIsAtOnce) {
  start("reset: {}");
  EXPECT_EQ(receiver().receive_until_end().ending, Ending::reset);
  if (!is_echo()) {
    EXPECT_EQ(sender().receive_until_end().ending, Ending::reset);
  }
  EXPECT_EQ(daemon_->wait_for_record().end(), "fault_reset");
}

/// The other way has ended already, and waits for nothing but this one.
TEST_P(FaultsCutProxied, ATimeEndsAConnectionOfWhichHalfIsClosed) {
  const Stopwatch before;
  start("reset: {after: 300ms}");
  try {
    sender().finish();
  } catch (const std::system_error&) {
    // The time was over before.
  }
  EXPECT_EQ(sender().socket().receive_until_end().ending, Ending::reset);
  EXPECT_GE(before.elapsed(), milliseconds(300));
  EXPECT_EQ(daemon_->wait_for_record().end(), "fault_reset");
}

/// One listener for each place, so that one daemon shows them all: alone, and behind what holds bytes back.
TEST_P(FaultsCutPlain, EveryPlaceIsHitHoweverTheBytesCome) {
  constexpr std::size_t kPlaces = 40;
  for (const std::string other : {"", "latency: {delay: 2ms}", "slice: {size: 3}"}) {
    for (const std::string kind : {"reset", "end"}) {
      SCOPED_TRACE(kind + " " + other);
      const std::string direction = ", direction: " + std::string(is_upstream() ? "upstream" : "downstream");
      std::string listeners;
      for (std::size_t place = 0; place < kPlaces; ++place) {
        const std::string service = is_echo() ? "echo: {}" : "proxy: {upstream: back}";
        listeners += (place == 0 ? "" : ", ") + ("{name: l" + std::to_string(place)) + ", bind: '127.0.0.1:0', " +
                     service + ", faults: [{name: cut" + direction + ", " + kind +
                     ": {after_bytes: " + std::to_string(place) + "}}" +
                     (other.empty() ? "" : ", {name: other" + direction + ", " + other + "}") + "]}";
      }
      daemon_.emplace(Daemon::with_config("listeners: [" + listeners +
                                          "]\nupstreams: [{name: back, servers: [{address: '" + backend_.address() +
                                          "'}]}]\n" + faults_allowed()));
      const std::string bytes = random_bytes(kPlaces + 10);
      for (std::size_t place = 0; place < kPlaces; ++place) {
        server_.reset();
        client_.emplace(daemon_->connect("l" + std::to_string(place)));
        if (!is_echo()) server_.emplace(backend_.accept());
        const int on = 1;
        ::setsockopt(sender().socket().fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        const std::size_t step = 1 + place % 3;
        std::future<void> sending = std::async(std::launch::async, [&] {
          for (std::size_t at = 0; at < bytes.size(); at += step) send_what_goes(bytes.substr(at, step));
        });
        const TlsReceived received = receiver().receive_until_end();
        sending.get();
        ASSERT_EQ(difference(received.bytes, bytes.substr(0, place)), "") << place;
        if (kind == "end" || !is_echo()) {
          ASSERT_EQ(received.ending, wanted(kind)) << place;
        }
      }
      client_.reset();
      server_.reset();
      for (const Record& record : daemon_->wait_for_records(kPlaces)) EXPECT_EQ(record.end(), "fault_" + kind);
    }
  }
}

TEST_P(FaultsCutPlain, ManyConnectionsEndAtTheirByteAndLeaveNothingBehind) {
  start("reset: {after_bytes: 70000}");
  constexpr int kCrowd = 100;
  const std::string bytes = random_bytes(100'000);
  arrives_of(bytes);
  ASSERT_EQ(daemon_->wait_for_record().end(), "fault_reset");
  const std::size_t before = daemon_->process().descriptors();
  for (int i = 0; i < kCrowd; ++i) {
    connect();
    const TlsReceived received = arrives_of(bytes);
    ASSERT_EQ(difference(received.bytes, bytes.substr(0, 70'000)), "");
    ASSERT_EQ(received.ending, Ending::reset);
  }
  std::size_t resets = 0;
  wait_until([&] {
    const std::vector<Record> records = daemon_->records();
    resets = static_cast<std::size_t>(std::count_if(records.begin(), records.end(), ended_as("fault_reset")));
    return resets > kCrowd;
  });
  EXPECT_EQ(resets, static_cast<std::size_t>(kCrowd) + 1);
  EXPECT_TRUE(wait_until([&] { return daemon_->process().descriptors() <= before; }));
}

TEST(FaultsRefuse, ClientIsResetAndNoBackendHearsOfIt) {
  TestListener backend;
  Daemon daemon = Daemon::with_config(proxy_config({backend.address()}, harm("refuse: {}")) + faults_allowed());
  for (std::uint64_t number = 1; number <= 20; ++number) {
    EXPECT_EQ(daemon.connect().receive_until_end().ending, Ending::reset);
  }
  std::uint64_t number = 0;
  for (const Record& record : daemon.wait_for_records(20)) {
    EXPECT_EQ(record.end(), "fault_refused");
    EXPECT_EQ(faults_of(record).names, std::vector<std::string>{"harm"});
    number = std::max(number, faults_of(record).number);
  }
  EXPECT_EQ(number, 20u);
  EXPECT_FALSE(backend.pending());
  EXPECT_EQ(AdminClient(daemon).metric(R"(weir_connections_ended_total{listener="front",end="fault_refused"})"), 20);
}

TEST(FaultsConnect, ServiceBeginsLaterAndWhatWasSentMeanwhileIsNotLost) {
  TestListener backend;
  Daemon daemon =
      Daemon::with_config(proxy_config({backend.address()}, harm("connect: {delay: 400ms}")) + faults_allowed());
  const Stopwatch before;
  Peer client = daemon.connect();
  client.send_all("early");
  client.shutdown_write();
  Peer server = backend.accept();
  EXPECT_GE(before.elapsed(), milliseconds(400));
  const Received received = server.receive_until_end();
  EXPECT_EQ(received.bytes, "early");
  EXPECT_EQ(received.ending, Ending::fin);
  server.send_all("late");
  server.close();
  EXPECT_EQ(client.receive_until_end().bytes, "late");
  const Record record = daemon.wait_for_record();
  EXPECT_EQ(record.end(), "client_closed");
  EXPECT_EQ(faults_of(record), (MetFaults{1, {"harm"}}));
}

TEST(FaultsConnect, EchoBeginsLaterToo) {
  Daemon daemon = Daemon::with_config(echo_config(harm("connect: {delay: 300ms}")) + faults_allowed());
  const Stopwatch before;
  EXPECT_EQ(daemon.connect().exchange("hello").bytes, "hello");
  EXPECT_GE(before.elapsed(), milliseconds(300));
}

TEST(FaultsConnect, FailureResetsTheClientOnceTheDelayHasPassed) {
  TestListener backend;
  Daemon daemon = Daemon::with_config(proxy_config({backend.address()}, harm("connect: {delay: 300ms, fail: true}")) +
                                      faults_allowed());
  const Stopwatch before;
  Peer client = daemon.connect();
  EXPECT_EQ(client.receive_until_end().ending, Ending::reset);
  EXPECT_GE(before.elapsed(), milliseconds(300));
  EXPECT_EQ(daemon.wait_for_record().end(), "fault_connect_failed");
  EXPECT_FALSE(backend.pending());
}

TEST(FaultsConnect, ClientThatLeavesDuringTheDelayIsNotWaitedFor) {
  TestListener backend;
  Daemon daemon =
      Daemon::with_config(proxy_config({backend.address()}, harm("connect: {delay: 1h}")) + faults_allowed());
  daemon.connect().reset();
  EXPECT_EQ(daemon.wait_for_record().end(), "client_reset");
  EXPECT_FALSE(backend.pending());
}

TEST(FaultsConnect, AFinDuringTheDelayIsHeededWhereItMeansThatTheClientHasLeft) {
  TestListener backend;
  Daemon daemon = Daemon::with_config(
      proxy_config({backend.address()}, harm("connect: {delay: 1h}"), "connect: {abort_on: close}") + faults_allowed());
  Peer client = daemon.connect();
  client.send_all("early");
  client.shutdown_write();
  const Record record = daemon.wait_for_record();
  EXPECT_EQ(record.end(), "client_closed");
  EXPECT_EQ(record.bytes_lost(), 5);
  EXPECT_FALSE(backend.pending());
}

TEST(FaultsConnect, DrainEndsTheDelay) {
  Daemon daemon =
      Daemon::with_config(echo_config(harm("connect: {delay: 1h}")) + faults_allowed() + "drain_timeout: 200ms\n");
  Peer client = daemon.connect();
  wait_until([&] { return AdminClient(daemon).metric(R"(weir_connections_active{listener="echo"})") == 1; });
  EXPECT_EQ(daemon.stop(), 0);
  EXPECT_EQ(daemon.wait_for_record().end(), "shutdown");
}

TEST(FaultsDiscard, EndsAfterItsBytesAndItsTime) {
  const std::string listeners =
      "listeners: [{name: bytes, bind: '127.0.0.1:0', discard: {}, faults: [{name: harm, direction: upstream, reset: "
      "{after_bytes: 1000}}]}, {name: time, bind: '127.0.0.1:0', discard: {}, faults: [{name: harm, direction: "
      "upstream, end: {after: 300ms}}]}]\n";
  Daemon daemon = Daemon::with_config(listeners + faults_allowed());
  Peer bytes = daemon.connect("bytes");
  bytes.send_all(random_bytes(5000));
  EXPECT_EQ(bytes.receive_until_end().ending, Ending::reset);
  const Record record = daemon.wait_for_record();
  EXPECT_EQ(record.end(), "fault_reset");
  EXPECT_EQ(record.bytes_in(), 1000);
  const Stopwatch before;
  Peer time = daemon.connect("time");
  EXPECT_EQ(time.receive_until_end().ending, Ending::fin);
  EXPECT_GE(before.elapsed(), milliseconds(300));
  time.close();
  EXPECT_EQ(daemon.wait_for_record(ended_as("fault_end")).listener(), "time");
}

}  // namespace
}  // namespace weir::test
