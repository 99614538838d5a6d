#include <gtest/gtest.h>

#include <atomic>

#include "tests/support/faulty_way.hpp"
#include "tests/support/open_sockets.hpp"

/// Faults that come and go while connections live, and what happens to those meanwhile.
namespace weir::test {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kLine = 4 << 20;  ///< what a delayed way keeps at most

class FaultsLive : public FaultyWay {
 protected:
  /// How many bytes the daemon has read from the way's sender.
  std::size_t taken() const {
    const std::string connections = admin().get("/api/v1/connections").body;
    const boost::json::value page = AdminReply{200, "", connections}.json();
    std::size_t bytes = 0;
    for (const boost::json::value& one : page.as_object().at("connections").as_array()) {
      bytes += one.as_object().at("bytes_in").to_number<std::size_t>();
    }
    return bytes;
  }
};

WEIR_EACH_ROUTE(FaultsLive);

TEST_P(FaultsLive, BytesThatWereHeldBackComeOnceTheFaultIsRemoved) {
  start("");
  sender().send_all("before");
  EXPECT_EQ(receiver().receive_exactly(6), "before");
  set_fault_on_live(admin(), listener(), fault(R"("latency": {"delay": "1h"})"));
  const std::string bytes = random_bytes(1'000'000);
  std::future<void> sending = std::async(std::launch::async, [&] {
    if (!GetParam().tls || !is_echo()) send_what_goes(bytes);
  });
  if (GetParam().tls && is_echo()) send_what_goes(bytes);
  EXPECT_TRUE(is_silent(receiver()));
  remove_fault(admin(), listener());
  EXPECT_EQ(difference(receiver().receive_exactly(bytes.size()), bytes), "");
  sending.get();
  sender().finish();
  EXPECT_EQ(receiver().socket().receive_until_end().ending, Ending::fin);
}

TEST_P(FaultsLive, OneThatIsSetAgainWithOtherValuesHoldsAtOnce) {
  start("stall: {after: 0}");
  sender().send_all("held");
  EXPECT_TRUE(is_silent(receiver()));
  set_fault(admin(), listener(), fault(R"("latency": {"delay": "1ms"})"));
  EXPECT_EQ(receiver().receive_exactly(4), "held");
  const AdminClient api = admin();
  EXPECT_EQ(api.request("DELETE", "/api/v1/faults").status / 100, 2);
  sender().send_all("free");
  EXPECT_EQ(receiver().receive_exactly(4), "free");
}

TEST_P(FaultsLive, OneExpiresByItselfAndNotEarlier) {
  start("");
  const Stopwatch before;
  set_fault_on_live(admin(), listener(), fault(R"("bandwidth": "0B/s", "for": "500ms")"));
  sender().send_all("held");
  EXPECT_EQ(receiver().receive_exactly(4), "held");
  EXPECT_GE(before.elapsed(), milliseconds(500));
}

TEST_P(FaultsLive, StreamIsWholeAlthoughItsFaultsChangeAllTheTime) {
  start("");
  const std::string bytes = random_bytes(40'000'000);
  std::atomic<bool> streaming{true};
  std::future<int> changing = std::async(std::launch::async, [&] {
    const AdminClient api = admin();
    const std::string kinds[] = {R"("latency": {"delay": "10ms", "jitter": "5ms"})",
                                 R"("bandwidth": "200MB/s")",
                                 R"("slice": {"size": 30000, "variation": 20000})",
                                 R"("stall": {"after": 100000, "for": "5ms", "every": 1000000})",
                                 R"("bandwidth": "0B/s")",
                                 R"("half_open": {})",
                                 R"("slow_close": "50ms")"};
    int changes = 0;
    for (; streaming; ++changes) {
      const std::string name = "f" + std::to_string(changes % 3);
      set_fault(api, listener(), fault(kinds[static_cast<std::size_t>(changes) % std::size(kinds)], name));
      // Some of them would hold the stream for ever.
      if (changes % 3 == 2) api.request("DELETE", "/api/v1/listeners/" + listener() + "/faults");
    }
    return changes;
  });
  const TlsReceived received = passes(bytes);
  streaming = false;
  EXPECT_GT(changing.get(), 3);
  EXPECT_EQ(difference(received.bytes, bytes), "");
  EXPECT_EQ(received.ending, Ending::fin);
}

TEST_P(FaultsLive, WhatAShutdownFindsInTheLineIsSaidToBeLost) {
  start("latency: {delay: 1h}", "", "drain_timeout: 100ms\n");
  sender().send_all(random_bytes(5000));
  const bool counts_in = is_echo() || is_upstream();
  if (counts_in) {
    ASSERT_TRUE(wait_until([this] { return taken() == 5000; }));
  }
  // What comes from the backend shows in its socket: acknowledged, and so read or about to be.
  if (!counts_in) {
    EXPECT_TRUE(is_silent(receiver()));
  }
  EXPECT_EQ(daemon_->stop(), 0);
  const Record record = daemon_->wait_for_record();
  EXPECT_EQ(record.end(), "shutdown");
  EXPECT_EQ(record.bytes_lost(), 5000);
  if (!is_upstream()) {
    EXPECT_EQ(record.bytes_out(), 0);
  }
  EXPECT_EQ(receiver().socket().receive_until_end().ending, Ending::reset);
}

TEST_P(FaultsLive, DrainWaitsForWhatIsOnItsWay) {
  start("latency: {delay: 400ms}", "", "drain_timeout: 20s\n");
  const Stopwatch before;
  sender().send_all("on its way");
  sender().finish();
  if (!is_echo()) receiver().finish();
  daemon_->drain();
  EXPECT_EQ(receiver().receive_exactly(10), "on its way");
  EXPECT_GE(before.elapsed(), milliseconds(400));
  EXPECT_EQ(daemon_->process().wait_exit(), 0);
  EXPECT_EQ(daemon_->wait_for_record().bytes_lost(), 0);
}

TEST_P(FaultsLive, IdleTimeoutEndsAStalledConnection) {
  start("stall: {after: 3}", "timeouts: {idle: 1s}");
  sender().send_all("abcdef");
  EXPECT_EQ(receiver().receive_exactly(3), "abc");
  const Record record = daemon_->wait_for_record();
  EXPECT_EQ(record.end(), "idle_timeout");
  EXPECT_EQ(faults_of(record).names, std::vector<std::string>{"harm"});
}

class FaultsLivePlain : public FaultsLive {};

WEIR_EACH_PLAIN_ROUTE(FaultsLivePlain);

TEST_P(FaultsLivePlain, DelayedWayKeepsNoMoreThanItsLineHoweverSmallTheBytesCome) {
  start("latency: {delay: 1h}");
  const std::size_t before = daemon_->process().resident();
  // One that sends all at once, and one byte by byte.
  const std::string bytes = random_bytes(64 << 20);
  sender().socket().send_until_stalled(bytes);
  const std::size_t after_stream = daemon_->process().resident();
  EXPECT_GE(after_stream, before + kLine / 2) << "the line is not used";
  if (!kSanitized) {
    EXPECT_LE(after_stream, before + 2 * kLine);
  }
  connect();
  const int on = 1;
  ::setsockopt(sender().socket().fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  std::size_t sent = 0;
  for (int failures = 0; failures < 100 && sent < 200'000;) {
    const ssize_t count = ::send(sender().socket().fd(), "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count == 1) {
      ++sent;
      continue;
    }
    ++failures;
    ::poll(nullptr, 0, 2);
  }
  if (!kSanitized) {
    EXPECT_LE(daemon_->process().resident(), after_stream + 3 * kLine);
  }
}

TEST_P(FaultsLivePlain, FullLineGoesOnOnceItIsReleased) {
  start("latency: {delay: 1h}");
  const std::string bytes = random_bytes(32 << 20);
  const std::size_t sent = sender().socket().send_until_stalled(bytes);
  ASSERT_GT(sent, kLine / 2);
  ASSERT_LT(sent, bytes.size());
  std::future<void> sending = std::async(std::launch::async, [&] {
    send_what_goes(std::string_view(bytes).substr(sent));
    sender().finish();
  });
  remove_fault(admin(), listener());
  const TlsReceived received = receiver().receive_until_end();
  sending.get();
  EXPECT_EQ(difference(received.bytes, bytes), "");
}

/// Of an echo nobody would be left to get them.
class FaultsLivePlainProxied : public FaultsLivePlain {};

WEIR_THESE_ROUTES(FaultsLivePlainProxied, Route{Path::upstream}, Route{Path::downstream});

TEST_P(FaultsLivePlainProxied, ResetOfTheSenderComesBehindItsDelayedBytes) {
  start("latency: {delay: 400ms}");
  const Stopwatch before;
  sender().send_all("last words");
  ASSERT_TRUE(wait_until([this] { return is_upstream() ? taken() == 10 : true; }));
  if (!is_upstream()) {
    EXPECT_TRUE(is_silent(receiver()));
  }
  sender().reset();
  const TlsReceived received = receiver().receive_until_end();
  EXPECT_GE(before.elapsed(), milliseconds(400));
  EXPECT_EQ(received.bytes, "last words");
  EXPECT_EQ(received.ending, Ending::reset);
  const Record record = daemon_->wait_for_record();
  EXPECT_EQ(record.end(), is_upstream() ? "client_reset" : "server_reset");
  EXPECT_EQ(record.bytes_lost(), 0);
}

TEST_P(FaultsLivePlain, ResetOfAHeldBackClientIsSeen) {
  for (const std::string kind : {"stall: {after: 0}", "bandwidth: 0B/s", "latency: {delay: 1h}"}) {
    SCOPED_TRACE(kind);
    start(kind, "timeouts: {half_close: 300ms}");
    client_->send_all("held");
    client_->reset();
    EXPECT_EQ(daemon_->wait_for_record().end(), "client_reset");
  }
}

TEST_P(FaultsLivePlain, NoSocketIsLeftOfAHundredThatMetEverything) {
  start("");
  const OpenSockets sockets(*daemon_);
  const AdminClient api = admin();
  const std::string kinds[] = {R"("latency": {"delay": "5ms", "jitter": "5ms"})", R"("reset": {"after_bytes": 3000})",
                               R"("slice": {"size": 700, "delay": "100us"})",     R"("end": {"after": "20ms"})",
                               R"("stall": {"after": 100, "for": "10ms"})",       R"("slow_close": "10ms")"};
  const std::string bytes = random_bytes(10'000);
  for (int i = 0; i < 100; ++i) {
    set_fault(api, listener(),
              fault(kinds[static_cast<std::size_t>(i) % std::size(kinds)], "f" + std::to_string(i % 4)));
    connect();
    send_what_goes(bytes);
    if (i % 3 == 0) client_->reset();
    if (i % 3 == 1) {
      // What may have been reset cannot be closed in order.
      ::shutdown(sender().socket().fd(), SHUT_WR);
      receiver().socket().receive_until_end();
    }
    client_.reset();
    server_.reset();
  }
  EXPECT_EQ(sockets.left_over(), 0u);
}

/// Bytes of a stream that is not shaped any more are spliced again, and so they are where a rate alone shapes it.
TEST(FaultsSplice, ResumesOnceTheLastFaultHasGone) {
  TestListener backend;
  Daemon daemon = Daemon::with_config(proxy_config({backend.address()}) + faults_allowed() +
                                      "relay: {splice: always}\nworkers: 1\n");
  const AdminClient admin(daemon);
  Peer client = daemon.connect();
  Peer server = backend.accept();
  std::atomic<bool> streaming{true};
  const std::string bytes = random_bytes(1 << 20);
  std::future<void> sending = std::async(std::launch::async, [&] {
    while (streaming) client.send_all(bytes);
    client.shutdown_write();
  });
  std::future<std::size_t> receiving = std::async(std::launch::async, [&] {
    std::string buffer(1 << 20, '\0');
    std::size_t received = 0;
    for (;;) {
      const ssize_t count = ::recv(server.fd(), buffer.data(), buffer.size(), 0);
      if (count <= 0) return received;
      for (ssize_t i = 0; i < count; i += 4096) {
        if (buffer[static_cast<std::size_t>(i)] != bytes[(received + static_cast<std::size_t>(i)) % bytes.size()]) {
          ADD_FAILURE() << "another byte at " << received + static_cast<std::size_t>(i);
          return received;
        }
      }
      received += static_cast<std::size_t>(count);
    }
  });
  const auto splices = [&] { return admin.metric(R"(weir_worker_pipes_active{worker="0"})") > 0; };
  EXPECT_TRUE(wait_until(splices)) << "not shaped";
  set_fault(admin, "front", R"({"name": "harm", "direction": "upstream", "latency": {"delay": "1ms"}})");
  EXPECT_TRUE(wait_until([&] { return !splices(); })) << "delayed";
  set_fault(admin, "front", R"({"name": "harm", "direction": "upstream", "bandwidth": "900GB/s"})");
  EXPECT_TRUE(wait_until(splices)) << "limited";
  set_fault(admin, "front", R"({"name": "harm", "direction": "upstream", "slice": {"size": 100000}})");
  EXPECT_TRUE(wait_until([&] { return !splices(); })) << "sliced";
  remove_fault(admin, "front");
  EXPECT_TRUE(wait_until(splices)) << "not shaped any more";
  streaming = false;
  sending.get();
  EXPECT_EQ(receiving.get() % bytes.size(), 0u);
}

TEST(FaultsReload, ChangesTheFaultsOfLiveConnections) {
  Daemon daemon = Daemon::with_config(echo_config(harm("bandwidth: 0B/s")) + faults_allowed());
  Peer client = daemon.connect();
  client.send_all("held");
  EXPECT_FALSE(client.readable(milliseconds(100)));
  daemon.rewrite_config(echo_config() + faults_allowed());
  daemon.process().signal(SIGHUP);
  EXPECT_EQ(client.receive_exactly(4), "held");
  daemon.rewrite_config(echo_config(harm("reset: {after_bytes: 3}")) + faults_allowed());
  daemon.process().signal(SIGHUP);
  // From where the fault came, however many have passed before.
  EXPECT_TRUE(wait_until([&client] {
    try {
      client.send_all("abcdef");
      return client.receive_exactly(6) != "abcdef";
    } catch (const std::exception&) {
      return true;
    }
  }));
  const Record record = daemon.wait_for_record();
  EXPECT_EQ(record.end(), "fault_reset");
  EXPECT_EQ(record.bytes_out() % 6, (4 + 3) % 6);
  EXPECT_EQ(faults_of(record).names, std::vector<std::string>{"harm"});
}

TEST(FaultsReload, WithoutTheSectionNoFaultIsLeftAndNoneCanBeSet) {
  Daemon daemon = Daemon::with_config(echo_config(harm("stall: {after: 0}")) + faults_allowed());
  const AdminClient admin(daemon);
  Peer client = daemon.connect();
  client.send_all("held");
  EXPECT_FALSE(client.readable(milliseconds(100)));
  daemon.rewrite_config(echo_config() + "admin: {bind: '127.0.0.1:0'}\n");
  daemon.process().signal(SIGHUP);
  EXPECT_EQ(client.receive_exactly(4), "held");
  const AdminReply reply =
      admin.request("POST", "/api/v1/listeners/echo/faults", R"({"name": "harm", "stall": {"after": 0}})");
  EXPECT_EQ(reply.status / 100, 4) << reply.body;
  client.exchange("x");
}

}  // namespace
}  // namespace weir::test
