#include <gtest/gtest.h>

#include <atomic>
#include <cmath>

#include "tests/support/faulty_way.hpp"

/// `limits.bandwidth`: what passes at once, what has to wait, and who shares a rate with whom. How exact a rate is over
/// time is measured by tests/nightly/faults.
namespace weir::test {
namespace {

using std::chrono::milliseconds;

/// A rate at which what is over the burst would take far longer than anything may.
const std::string kSlow = "100B/s";

std::string limited(const std::string& bandwidth) { return "limits: {bandwidth: {" + bandwidth + "}}"; }

/// So long it takes at least: what one books at once (20 ms) is there from the beginning, as the burst is.
milliseconds least_time(std::size_t bytes, std::size_t burst, std::size_t rate) {
  const double seconds = (static_cast<double>(bytes) - static_cast<double>(burst)) / static_cast<double>(rate);
  return milliseconds(static_cast<std::int64_t>(seconds * 1000) - 20 - 1);
}

/// One more listener would be the rate's: all clients of a test come to one.
Daemon limited_echo(const std::string& bandwidth) {
  return Daemon::with_config(echo_config(limited(bandwidth)) + "admin: {bind: '127.0.0.1:0'}\n");
}

Peer connect_from(const Daemon& daemon, const std::string& host) {
  return daemon.connect("", {.receive_buffer = 0, .send_buffer = 0, .source = endpoint_of(host + ":0")});
}

std::string echoed(Peer& client, std::size_t size) {
  client.send_all(random_bytes(size));
  return client.receive_exactly(size);
}

/// Whether of what is sent beyond the burst next to nothing comes at once.
bool waits(Peer& client, std::size_t size) {
  client.send_all(random_bytes(size));
  std::string buffer(size, '\0');
  std::size_t got = 0;
  const Stopwatch since;
  while (since.elapsed() < milliseconds(200) && client.readable(milliseconds(20))) {
    const ssize_t count = ::recv(client.fd(), buffer.data(), buffer.size(), 0);
    if (count <= 0) return false;
    got += static_cast<std::size_t>(count);
  }
  return got < size / 2;
}

class BandwidthWay : public FaultyWay {
 protected:
  /// The rate of the way that this test looks at.
  static std::string rate(const std::string& value) { return (is_upstream() ? "in: " : "out: ") + value; }
};

WEIR_EACH_ROUTE(BandwidthWay);

TEST_P(BandwidthWay, BurstPassesAtOnceAndTheRestInItsTime) {
  start("", limited(rate("100KB/s") + ", burst: 20000"));
  const Stopwatch before;
  const std::string bytes = random_bytes(60'000);
  sender().send_all(bytes);
  EXPECT_EQ(difference(receiver().receive_exactly(bytes.size()), bytes), "");
  EXPECT_GE(before.elapsed(), least_time(60'000, 20'000, 100'000));
  start("", limited(rate(kSlow) + ", burst: 64KiB"));
  const std::string burst = random_bytes(64 * 1024);
  sender().send_all(burst);
  EXPECT_EQ(difference(receiver().receive_exactly(burst.size()), burst), "");
}

class BandwidthProxied : public BandwidthWay {};

WEIR_EACH_PROXIED_ROUTE(BandwidthProxied);

TEST_P(BandwidthProxied, TheOtherWayIsNotLimited) {
  start("", limited(rate(kSlow) + ", burst: 1"));
  const std::string bytes = random_bytes(3'000'000);
  std::future<void> sending = std::async(std::launch::async, [&] { receiver().send_all(bytes); });
  EXPECT_EQ(difference(sender().receive_exactly(bytes.size()), bytes), "");
  sending.get();
}

/// A client of TLS has one thread for both ways, so it cannot wait for itself.
class BandwidthReload : public BandwidthWay {};

WEIR_THESE_ROUTES(BandwidthReload, Route{Path::echo}, Route{Path::upstream}, Route{Path::downstream},
                  Route{Path::upstream, true}, Route{Path::downstream, true});

TEST_P(BandwidthReload, ChangesTheRateOfAConnectionThatWaits) {
  start("", limited(rate("10B/s") + ", burst: 1000"));
  const std::string bytes = random_bytes(2'000'000);
  std::future<void> sending = std::async(std::launch::async, [&] { send_what_goes(bytes); });
  EXPECT_EQ(receiver().receive_exactly(1000), bytes.substr(0, 1000));
  daemon_->rewrite_config(config("", limited(rate("10MB/s"))));
  daemon_->process().signal(SIGHUP);
  EXPECT_EQ(difference(receiver().receive_exactly(500'000), bytes.substr(1000, 500'000)), "");
  daemon_->rewrite_config(config(""));
  daemon_->process().signal(SIGHUP);
  EXPECT_EQ(difference(receiver().receive_exactly(bytes.size() - 501'000), bytes.substr(501'000)), "");
  sending.get();
}

TEST_P(BandwidthWay, LimitedStreamArrivesWholeAndEndsInOrder) {
  start("", limited("in: 30MB/s, out: 30MB/s, per_connection: {in: 20MB/s, out: 20MB/s}, per_source: {in: 25MB/s}"));
  const std::string bytes = random_bytes(8'000'000);
  const Stopwatch before;
  const TlsReceived received = passes(bytes);
  EXPECT_EQ(difference(received.bytes, bytes), "");
  EXPECT_EQ(received.ending, Ending::fin);
  EXPECT_GE(before.elapsed(), least_time(bytes.size(), 64 * 1024, 20'000'000));
}

TEST(Bandwidth, OfAConnectionIsItsOwn) {
  Daemon daemon = limited_echo("per_connection: {in: " + kSlow + "}, burst: 10000");
  for (int i = 0; i < 5; ++i) {
    Peer client = daemon.connect();
    EXPECT_EQ(echoed(client, 10'000).size(), 10'000u);
    EXPECT_TRUE(waits(client, 10'000));
  }
}

TEST(Bandwidth, OfASourceIsSharedByItsConnectionsAlone) {
  Daemon daemon = limited_echo("per_source: {in: " + kSlow + "}, burst: 10000");
  Peer first = connect_from(daemon, "127.0.0.1");
  EXPECT_EQ(echoed(first, 10'000).size(), 10'000u);
  Peer second = connect_from(daemon, "127.0.0.1");
  EXPECT_TRUE(waits(second, 10'000));
  Peer other = connect_from(daemon, "127.0.0.2");
  EXPECT_EQ(echoed(other, 10'000).size(), 10'000u);
}

TEST(Bandwidth, OfAListenerIsSharedByAll) {
  Daemon daemon = limited_echo("out: " + kSlow + ", burst: 10000");
  Peer first = connect_from(daemon, "127.0.0.1");
  EXPECT_EQ(echoed(first, 10'000).size(), 10'000u);
  Peer other = connect_from(daemon, "127.0.0.2");
  EXPECT_TRUE(waits(other, 10'000));
}

/// What one has booked it must not lose to others, nor keep from them: with many, each gets its share.
TEST(Bandwidth, OfAListenerServesAllOfManyConnections) {
  Daemon daemon = limited_echo("in: 2MB/s, burst: 1000");
  std::vector<std::future<std::string>> clients;
  const std::string bytes = random_bytes(50'000);
  const Stopwatch before;
  for (int i = 0; i < 40; ++i) {
    clients.push_back(std::async(std::launch::async, [&] { return daemon.connect().exchange(bytes).bytes; }));
  }
  for (auto& client : clients) EXPECT_EQ(difference(client.get(), bytes), "");
  EXPECT_GE(before.elapsed(), least_time(40 * 50'000, 1000, 2'000'000));
}

/// Each look at the faults would be another burst.
TEST(Bandwidth, OfAConnectionIsTheSameAlthoughFaultsComeAndGo) {
  Daemon daemon =
      Daemon::with_config(echo_config(limited("per_connection: {in: 1KB/s}, burst: 5000")) + faults_allowed());
  const AdminClient admin(daemon);
  Peer client = daemon.connect();
  const Stopwatch before;
  client.send_all(random_bytes(200'000));
  std::size_t got = 0;
  std::string buffer(200'000, '\0');
  for (int i = 0; i < 20; ++i) {
    set_fault(admin, "echo", R"({"name": "harm", "slow_close": "1s"})");
    remove_fault(admin, "echo");
    while (client.readable(milliseconds(5))) {
      const ssize_t count = ::recv(client.fd(), buffer.data(), buffer.size(), 0);
      ASSERT_GT(count, 0);
      got += static_cast<std::size_t>(count);
    }
  }
  const double allowed = 5000 + 1.0 * static_cast<double>(before.elapsed().count() + 1) + 20;
  EXPECT_LE(static_cast<double>(got), allowed);
  client.reset();
}

TEST(Bandwidth, UnixSocketsHaveAllButSources) {
  TempDir dir;
  Daemon daemon =
      Daemon::with_config("listeners: [{name: u, bind: 'unix:" + dir.file("socket") +
                          "', echo: {}, limits: {bandwidth: {in: 100KB/s, burst: 10000, per_source: {in: 1B/s}, "
                          "per_connection: {out: 1MB/s}}}}]\n");
  const Stopwatch before;
  const std::string bytes = random_bytes(40'000);
  const Received received = daemon.connect().exchange(bytes);
  EXPECT_EQ(difference(received.bytes, bytes), "");
  EXPECT_EQ(received.ending, Ending::fin);
  EXPECT_GE(before.elapsed(), least_time(40'000, 10'000, 100'000));
}

/// The pool makes a pipe when a stream first wants one, and keeps it.
TEST(Bandwidth, LimitedStreamIsSpliced) {
  TestListener backend;
  Daemon daemon = Daemon::with_config(proxy_config({backend.address()}, limited("in: 100MB/s")) +
                                      "relay: {splice: always}\nworkers: 1\n");
  const auto others = [&] { return daemon.process().descriptors() - daemon.process().sockets(); };
  const std::size_t before = others();
  Peer client = daemon.connect();
  Peer server = backend.accept();
  std::atomic<bool> streaming{true};
  std::future<void> sending = std::async(std::launch::async, [&] {
    const std::string bytes = random_bytes(1 << 20);
    while (streaming) client.send_all(bytes);
    client.shutdown_write();
  });
  std::future<void> receiving = std::async(std::launch::async, [&] {
    std::string buffer(1 << 20, '\0');
    while (::recv(server.fd(), buffer.data(), buffer.size(), 0) > 0) {
    }
  });
  EXPECT_TRUE(wait_until([&] { return others() >= before + 2; }));
  streaming = false;
  sending.get();
  receiving.get();
}

TEST(Bandwidth, ManyThatWaitAreServedAtOnceWhenTheRateIsRaised) {
  Daemon daemon = limited_echo("in: 1KB/s, burst: 1");
  std::vector<Peer> clients;
  for (int i = 0; i < 200; ++i) {
    clients.push_back(daemon.connect());
    clients.back().send_all(random_bytes(5000));
  }
  // They stand in a line of seconds, and their bytes would take a quarter of an hour.
  wait_until([&] { return AdminClient(daemon).metric(R"(weir_connections_active{listener="echo"})") == 200; });
  daemon.rewrite_config(echo_config(limited("in: 50MB/s")) + "admin: {bind: '127.0.0.1:0'}\n");
  daemon.process().signal(SIGHUP);
  for (Peer& client : clients) EXPECT_EQ(client.receive_exactly(5000).size(), 5000u);
}

}  // namespace
}  // namespace weir::test
