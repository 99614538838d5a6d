#include "server/admin/endpoint.hpp"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/io/stream.hpp"
#include "tests/support/fake_admin_daemon.hpp"
#include "tests/support/no_descriptors.hpp"
#include "tests/support/peer.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/wait_until.hpp"

namespace weir::admin {
namespace {

using test::Ending;
using test::Peer;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kHealthz = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
constexpr const char* kOk = "{\"status\":\"ok\"}\n";

/// The endpoint on a thread of its own, as the daemon's control thread.
class EndpointTest : public testing::Test {
 protected:
  EndpointTest() {
    config.bind = parse_address("127.0.0.1:0", AddressUse::bind);
    bounds.idle = bounds.arrival = bounds.taking = bounds.answering =
        std::chrono::duration_cast<std::chrono::milliseconds>(test::kHang * 10);
  }
  ~EndpointTest() override { stop(); }

  /// Where it listens.
  weir::Endpoint start() {
    endpoint_.emplace(context_.get_executor(), config, *used_, bounds);
    const weir::Endpoint address = test::endpoint_of(endpoint_->bound().at(0));
    thread_ = std::thread([this] { context_.run(); });
    return address;
  }
  /// Whatever the function does happens on the endpoint's thread.
  template <typename Function>
  void on_thread(Function function) {
    std::promise<void> done;
    boost::asio::post(context_, [&] {
      function();
      done.set_value();
    });
    done.get_future().wait();
  }
  void stop() {
    stop_and([](const net::Executor&) {});
  }
  /// What follows the stop at once.
  template <typename Function>
  void stop_and(Function function) {
    if (!thread_.joinable()) return;
    on_thread([&] {
      if (endpoint_) endpoint_->stop();
      function(context_.get_executor());
    });
    work_.reset();
    thread_.join();  // once every coroutine has ended
  }

  /// One reply whose length its head says.
  static std::string receive_reply(Peer& peer, bool head_alone = false) {
    std::string reply;
    while (!reply.ends_with("\r\n\r\n")) reply += peer.receive_exactly(1);
    const std::size_t at = reply.find("Content-Length: ");
    if (head_alone || at == std::string::npos) return reply;
    return reply + peer.receive_exactly(std::stoul(reply.substr(at + 16)));
  }
  /// Whether it is ended from the other side, without a word.
  static bool is_cut(Peer& peer) {
    const test::Received received = peer.receive_until_end();
    return received.bytes.empty() && received.ending != Ending::silence;
  }
  static std::string ask(Peer& peer, std::string_view request) {
    peer.send_all(request);
    return receive_reply(peer);
  }

  Endpoint& endpoint() { return *endpoint_; }
  /// On the endpoint's thread.
  void destroy() { endpoint_.reset(); }
  void use(Daemon& other) { used_ = &other; }

  AdminConfig config;
  Bounds bounds;
  test::FakeAdminDaemon daemon;

 private:
  Daemon* used_ = &daemon;
  boost::asio::io_context context_{1};
  std::optional<boost::asio::executor_work_guard<net::Executor>> work_{context_.get_executor()};
  std::optional<Endpoint> endpoint_;
  std::thread thread_;
};

TEST_F(EndpointTest, AnswersRequestsOfOneConnectionInTurn) {
  Peer peer = Peer::connect(start());
  for (int i = 0; i < 3; ++i) {
    const std::string reply = ask(peer, kHealthz);
    EXPECT_THAT(reply, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(reply, EndsWith(kOk));
  }
  peer.send_all(std::string(kHealthz) + kHealthz);  // pipelined
  EXPECT_THAT(receive_reply(peer), EndsWith(kOk));
  EXPECT_THAT(receive_reply(peer), EndsWith(kOk));
  peer.send_all("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const test::Received rest = peer.receive_until_end();
  EXPECT_THAT(rest.bytes, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(rest.bytes, EndsWith(kOk));
  EXPECT_EQ(rest.ending, Ending::fin);
}

TEST_F(EndpointTest, HeadHasTheLengthAndNoBody) {
  Peer peer = Peer::connect(start());
  peer.send_all("HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(receive_reply(peer, true), HasSubstr("Content-Length: 16\r\n"));
  EXPECT_THAT(ask(peer, kHealthz), EndsWith(kOk));
}

TEST_F(EndpointTest, ARequestMayComeByteByByte) {
  Peer peer = Peer::connect(start());
  const std::string request =
      "PUT /api/v1/log/level HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Content-Length: 18\r\n\r\n{\"level\": \"debug\"}";
  for (const char byte : request) peer.send_all({&byte, 1});
  EXPECT_THAT(receive_reply(peer), EndsWith("{\"result\":\"done\"}\n"));
  stop();
  EXPECT_EQ(daemon.level, LogLevel::debug);
}

TEST_F(EndpointTest, ABodyMayComeInChunksAndAfterContinue) {
  Peer peer = Peer::connect(start());
  peer.send_all(
      "PUT /api/v1/log/level HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(peer.receive_exactly(25), "HTTP/1.1 100 Continue\r\n\r\n");
  peer.send_all("5\r\n{\"lev\r\nd\r\nel\": \"trace\"}\r\n0\r\n\r\n");
  EXPECT_THAT(receive_reply(peer), EndsWith("{\"result\":\"done\"}\n"));
  EXPECT_THAT(ask(peer, kHealthz), EndsWith(kOk));
}

TEST_F(EndpointTest, ARefusedRequestIsNotAskedForItsBody) {
  Peer peer = Peer::connect(start());
  peer.send_all(
      "PUT /api/v1/log/level HTTP/1.1\r\nHost: localhost\r\nContent-Length: 18\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_THAT(peer.receive_until_end().bytes, StartsWith("HTTP/1.1 415 "));
}

TEST_F(EndpointTest, WhatFollowsABodyDoesNotMakeARequestAllowed) {
  Peer peer = Peer::connect(start());
  peer.send_all(
      "PUT /api/v1/log/level HTTP/1.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
      "12\r\n{\"level\": \"trace\"}\r\n0\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(receive_reply(peer), StartsWith("HTTP/1.1 400 "));
  EXPECT_TRUE(is_cut(peer));
  stop();
  EXPECT_TRUE(daemon.done.empty());
}

TEST_F(EndpointTest, AnotherExpectationFails) {
  Peer peer = Peer::connect(start());
  peer.send_all(
      "PUT /api/v1/log/level HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Content-Length: 18\r\nExpect: wonders\r\n\r\n");
  EXPECT_THAT(peer.receive_until_end().bytes, StartsWith("HTTP/1.1 417 "));
}

TEST_F(EndpointTest, AHugeBodyIsRefusedBeforeItComes) {
  const weir::Endpoint address = start();
  const std::string head = "PUT /api/v1/log/level HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
  Peer peer = Peer::connect(address);
  peer.send_all(head + "Content-Length: 1073741824\r\n\r\n" + std::string(100'000, 'x'));
  const test::Received reply = peer.receive_until_end();
  EXPECT_THAT(reply.bytes, StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(reply.bytes, HasSubstr("Connection: close\r\n"));
  Peer chunked = Peer::connect(address);
  chunked.send_all(head + "Transfer-Encoding: chunked\r\n\r\n40000000\r\nx");
  EXPECT_THAT(chunked.receive_until_end().bytes, StartsWith("HTTP/1.1 413 "));
}

TEST_F(EndpointTest, ABodyMayHave64KiBAndNoMore) {
  const weir::Endpoint address = start();
  const std::string level = R"({"level": "debug"})";
  const auto put = [&](std::size_t size) {
    Peer peer = Peer::connect(address);
    return ask(
        peer,
        "PUT /api/v1/log/level HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
            std::to_string(size) + "\r\n\r\n" + std::string(size - level.size(), ' ') + level);
  };
  EXPECT_THAT(put(64 * 1024), EndsWith("{\"result\":\"done\"}\n"));
  EXPECT_THAT(put(64 * 1024 + 1), StartsWith("HTTP/1.1 413 "));
}

TEST_F(EndpointTest, HeadersHaveABound) {
  Peer peer = Peer::connect(start());
  peer.send_all("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(9000, 'x'));
  EXPECT_THAT(peer.receive_until_end().bytes, StartsWith("HTTP/1.1 431 "));
}

TEST_F(EndpointTest, WhatIsNoRequestIsSaidToBeNone) {
  const weir::Endpoint address = start();
  for (const char* bytes : {"nonsense\r\n\r\n", "GET /\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n",
                            "GET / HTTP/2.0\r\n\r\n", "GET / HTTP/1.1\r\nbad header\r\n\r\n",
                            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n"}) {
    Peer peer = Peer::connect(address);
    peer.send_all(bytes);
    const test::Received reply = peer.receive_until_end();
    EXPECT_THAT(reply.bytes, StartsWith("HTTP/1.1 400 ")) << bytes;
    EXPECT_THAT(reply.bytes, HasSubstr("{\"error\":\"this is no HTTP/1.1 request: ")) << bytes;
  }
}

TEST_F(EndpointTest, ABodyWhoseEndIsNotKnownIsRefused) {
  const weir::Endpoint address = start();
  for (const char* head :
       {"Transfer-Encoding: gzip\r\n", "Transfer-Encoding: identity\r\n", "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: gzip\r\nContent-Length: 10\r\n"}) {
    Peer peer = Peer::connect(address);
    peer.send_all("GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + std::string(head) + "\r\n" + std::string(kHealthz));
    const std::string reply = peer.receive_until_end().bytes;
    EXPECT_THAT(reply, StartsWith("HTTP/1.1 400 ")) << head;
    EXPECT_THAT(reply, testing::Not(HasSubstr(" 200 "))) << head;
  }
}

TEST_F(EndpointTest, ARequestThatComesTooSlowlyIsCut) {
  bounds.arrival = std::chrono::milliseconds(50);
  const weir::Endpoint address = start();
  Peer begun = Peer::connect(address);
  begun.send_all("GET /healthz HT");
  EXPECT_TRUE(is_cut(begun));
  Peer without_body = Peer::connect(address);
  without_body.send_all(
      "PUT /api/v1/log/level HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Content-Length: 18\r\n\r\n{");
  EXPECT_TRUE(is_cut(without_body));
  Peer quick = Peer::connect(address);
  EXPECT_THAT(ask(quick, kHealthz), EndsWith(kOk));
}

TEST_F(EndpointTest, AnIdleConnectionEnds) {
  bounds.idle = std::chrono::milliseconds(50);
  Peer peer = Peer::connect(start());
  EXPECT_TRUE(is_cut(peer));
}

TEST_F(EndpointTest, AConnectionHasABoundedNumberOfRequests) {
  bounds.requests = 2;
  Peer peer = Peer::connect(start());
  EXPECT_THAT(ask(peer, kHealthz), HasSubstr("Connection: keep-alive\r\n"));
  peer.send_all(std::string(kHealthz) + kHealthz);
  const test::Received rest = peer.receive_until_end();
  EXPECT_THAT(rest.bytes, HasSubstr("Connection: close\r\n"));
  EXPECT_EQ(rest.bytes.find("HTTP/1.1 200", 1), std::string::npos) << "a third request was answered";
}

TEST_F(EndpointTest, AThousandIdleConnectionsLockNobodyOut) {
  const weir::Endpoint address = start();
  std::vector<Peer> idle;
  for (int i = 0; i < 1000; ++i) idle.push_back(Peer::connect(address));
  Peer operator_ = Peer::connect(address);
  EXPECT_THAT(ask(operator_, kHealthz), EndsWith(kOk));
  // Those that came first gave way.
  EXPECT_TRUE(is_cut(idle.front()));
  EXPECT_THAT(ask(idle.back(), kHealthz), EndsWith(kOk));
}

TEST_F(EndpointTest, OneThatIsBeingAnsweredGivesWayLast) {
  bounds.connections = 2;
  daemon.answers = false;
  const weir::Endpoint address = start();
  Peer busy = Peer::connect(address);
  busy.send_all("GET /api/v1/connections HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ASSERT_TRUE(test::wait_until([&] {
    bool asked = false;
    on_thread([&] { asked = !daemon.queries.empty(); });
    return asked;
  }));
  Peer idle = Peer::connect(address);
  EXPECT_THAT(ask(idle, kHealthz), EndsWith(kOk));
  Peer newcomer = Peer::connect(address);
  EXPECT_THAT(ask(newcomer, kHealthz), EndsWith(kOk));
  EXPECT_TRUE(is_cut(idle));
  EXPECT_FALSE(busy.readable());
}

TEST_F(EndpointTest, WhatIsWorkedOutForOneThatGaveWayIsCancelled) {
  bounds.connections = 1;
  daemon.answers = false;
  const weir::Endpoint address = start();
  Peer busy = Peer::connect(address);
  busy.send_all("GET /api/v1/connections HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto seen = [&](const int& count) {
    int value = 0;
    on_thread([&] { value = count; });
    return value;
  };
  ASSERT_TRUE(test::wait_until([&] {
    bool asked = false;
    on_thread([&] { asked = !daemon.queries.empty(); });
    return asked;
  }));
  Peer newcomer = Peer::connect(address);
  EXPECT_THAT(ask(newcomer, kHealthz), EndsWith(kOk));
  EXPECT_TRUE(is_cut(busy));
  EXPECT_TRUE(test::wait_until([&] { return seen(daemon.cancelled) == 1; }));
}

TEST_F(EndpointTest, ThoseThatAreBusyForLongDoNotLockOutNewcomers) {
  bounds.connections = 2;
  bounds.answering = std::chrono::milliseconds(0);
  daemon.answers = false;
  const weir::Endpoint address = start();
  std::vector<Peer> busy;
  for (std::size_t i = 1; i <= 2; ++i) {
    busy.push_back(Peer::connect(address));
    busy.back().send_all("GET /api/v1/connections HTTP/1.1\r\nHost: localhost\r\n\r\n");
    ASSERT_TRUE(test::wait_until([&] {
      std::size_t asked = 0;
      on_thread([&] { asked = daemon.queries.size(); });
      return asked == i;
    }));
  }
  Peer newcomer = Peer::connect(address);
  Peer another = Peer::connect(address);
  EXPECT_THAT(ask(another, kHealthz), EndsWith(kOk));
  EXPECT_THAT(ask(newcomer, kHealthz), EndsWith(kOk));
  EXPECT_TRUE(is_cut(busy[0]));
  EXPECT_TRUE(is_cut(busy[1]));
}

TEST_F(EndpointTest, AReaderThatTakesNothingIsCutAndCostsNobodyElse) {
  bounds.taking = std::chrono::milliseconds(100);
  daemon.page.connections.resize(20'000);
  const weir::Endpoint address = start();
  Peer slow = Peer::connect(address, {.receive_buffer = 4096});
  slow.send_all("GET /api/v1/connections HTTP/1.1\r\nHost: localhost\r\n\r\n");
  Peer quick = Peer::connect(address);
  EXPECT_THAT(ask(quick, kHealthz), EndsWith(kOk));
  ASSERT_TRUE(slow.readable(test::kHang));
  // Once it is cut, nothing more can be sent to it.
  ASSERT_TRUE(test::wait_until([&] {
    try {
      slow.send_all(kHealthz);
      return false;
    } catch (const std::system_error&) {
      return true;
    }
  }));
  EXPECT_THAT(ask(quick, kHealthz), EndsWith(kOk));
}

TEST_F(EndpointTest, APeerThatResetsInTheMiddleOfAReplyHarmsNobody) {
  daemon.page.connections.resize(20'000);
  const weir::Endpoint address = start();
  for (int i = 0; i < 5; ++i) {
    Peer peer = Peer::connect(address, {.receive_buffer = 4096});
    peer.send_all("GET /api/v1/connections HTTP/1.1\r\nHost: localhost\r\n\r\n");
    peer.receive_exactly(10);
    peer.reset();
  }
  Peer other = Peer::connect(address);
  EXPECT_THAT(ask(other, kHealthz), EndsWith(kOk));
}

TEST_F(EndpointTest, StopCancelsRequestsUnderWay) {
  daemon.answers = false;
  const weir::Endpoint address = start();
  Peer busy = Peer::connect(address);
  busy.send_all("GET /api/v1/connections HTTP/1.1\r\nHost: localhost\r\n\r\n");
  Peer half = Peer::connect(address);
  half.send_all("GET /heal");
  Peer idle = Peer::connect(address);
  ASSERT_TRUE(test::wait_until([&] {
    bool asked = false;
    on_thread([&] { asked = !daemon.queries.empty(); });
    return asked;
  }));
  stop();  // hangs unless every coroutine ends
  EXPECT_TRUE(is_cut(busy));
  EXPECT_TRUE(is_cut(half));
  EXPECT_TRUE(is_cut(idle));
  EXPECT_THROW(Peer::connect(address), std::system_error);
}

TEST_F(EndpointTest, ItsAddressIsFreeAsSoonAsItIsStopped) {
  const weir::Endpoint address = start();
  Peer peer = Peer::connect(address);
  EXPECT_THAT(ask(peer, kHealthz), EndsWith(kOk));
  stop_and([&](const net::Executor& executor) {
    config.bind = parse_address(address.to_string(), AddressUse::bind);
    EXPECT_NO_THROW(Endpoint(executor, config, daemon));
  });
}

TEST_F(EndpointTest, AFailingDaemonIsAnError500) {
  class Failing : public test::FakeAdminDaemon {
    ServerSnapshot snapshot() override { throw std::runtime_error("no memory"); }
  } failing;
  boost::asio::io_context context{1};
  Endpoint endpoint(context.get_executor(), config, failing);
  const weir::Endpoint address = test::endpoint_of(endpoint.bound().at(0));
  std::thread thread([&] { context.run(); });
  Peer peer = Peer::connect(address);
  EXPECT_THAT(ask(peer, "GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n"), StartsWith("HTTP/1.1 500 "));
  EXPECT_THAT(ask(peer, kHealthz), EndsWith(kOk));
  boost::asio::post(context, [&] { endpoint.stop(); });
  thread.join();
}

TEST_F(EndpointTest, AnAddressInUseIsNamed) {
  boost::asio::io_context context{1};
  Endpoint first(context.get_executor(), config, daemon);
  config.bind = parse_address(first.bound().at(0), AddressUse::bind);
  try {
    Endpoint(context.get_executor(), config, daemon);
    FAIL() << "two listen on one address";
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(error.what(), "admin: cannot listen on " + first.bound().at(0) + ": Address already in use");
  }
}

TEST_F(EndpointTest, AUnixSocketHasItsModeAndGoesWithTheEndpoint) {
  const test::TempDir folder;
  const std::string path = folder.file("admin.sock");
  config.bind = parse_address("unix:" + path, AddressUse::bind);
  config.unix_socket.mode = 0600;
  Peer peer = Peer::connect(start());
  struct stat status{};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  const std::string reply =
      ask(peer, "POST /api/v1/drain HTTP/1.1\r\nHost: whatever\r\nContent-Type: application/json\r\n\r\n");
  EXPECT_THAT(reply, EndsWith("{\"result\":\"done\"}\n"));
  stop();
  EXPECT_NE(::stat(path.c_str(), &status), 0);
}

TEST_F(EndpointTest, WithoutDescriptorsTheOneThatHasBeenIdleLongestGivesWay) {
  const weir::Endpoint address = start();
  Peer idle = Peer::connect(address);
  EXPECT_THAT(ask(idle, kHealthz), EndsWith(kOk));
  io::Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const test::NoDescriptors none;
  ASSERT_EQ(io::connect_socket(socket.get(), address), 0);
  Peer newcomer(std::move(socket));
  EXPECT_THAT(ask(newcomer, kHealthz), EndsWith(kOk));
  EXPECT_TRUE(is_cut(idle));
}

TEST_F(EndpointTest, WithoutDescriptorsItGoesOnOnceThereIsOne) {
  const weir::Endpoint address = start();
  io::Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  std::optional<test::NoDescriptors> none(std::in_place);
  ASSERT_EQ(io::connect_socket(socket.get(), address), 0);
  Peer newcomer(std::move(socket));
  newcomer.send_all(kHealthz);
  on_thread([] {});
  EXPECT_FALSE(newcomer.readable());
  none.reset();
  EXPECT_THAT(receive_reply(newcomer), EndsWith(kOk));
}

/// A new configuration of an endpoint that runs, prepared on the test's thread as a reload does beside the control
/// thread.
class EndpointReload : public EndpointTest {
 protected:
  void reload(const AdminConfig& next) {
    Listening running;
    on_thread([&] { running = endpoint().listening(); });
    Endpoint::Prepared prepared = Endpoint::prepare(next, running);
    on_thread([&] { endpoint().apply(std::move(prepared)); });
  }
  std::vector<std::string> bound() {
    std::vector<std::string> names;
    on_thread([&] { names = endpoint().bound(); });
    return names;
  }
  /// A connection whose request has reached the daemon.
  Peer begin_request(const weir::Endpoint& address) {
    Peer peer = Peer::connect(address);
    peer.send_all("GET /api/v1/connections HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_TRUE(test::wait_until([&] {
      bool asked = false;
      on_thread([&] { asked = !daemon.queries.empty(); });
      return asked;
    }));
    return peer;
  }
  void wait_for(const std::atomic<bool>& flag) {
    ASSERT_TRUE(test::wait_until([&] { return flag.load(); }));
  }
};

TEST_F(EndpointReload, AnAddressThatStaysKeepsItsSocketAndItsConnections) {
  const weir::Endpoint address = start();
  Peer peer = Peer::connect(address);
  EXPECT_THAT(ask(peer, "GET /healthz HTTP/1.1\r\nHost: weir.example\r\n\r\n"), StartsWith("HTTP/1.1 421 "));
  config.hosts = {"weir.example"};
  reload(config);
  EXPECT_THAT(bound(), testing::ElementsAre(address.to_string()));
  Peer other = Peer::connect(address);
  EXPECT_THAT(ask(other, "GET /healthz HTTP/1.1\r\nHost: weir.example\r\n\r\n"), EndsWith(kOk));
  EXPECT_THAT(ask(other, kHealthz), EndsWith(kOk));
  Peer kept = begin_request(address);
  config.bind = parse_address(address.to_string(), AddressUse::bind);
  reload(config);
  EXPECT_THAT(bound(), testing::ElementsAre(address.to_string()));
  EXPECT_THAT(receive_reply(kept), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(ask(kept, kHealthz), EndsWith(kOk));
  EXPECT_THAT(ask(other, kHealthz), EndsWith(kOk));
}

TEST_F(EndpointReload, AnotherTokenFileCountsForRequestsThatCome) {
  const test::TempDir folder;
  const auto token_file = [&](const std::string& name) {
    const std::string path = folder.file(name);
    std::ofstream(path) << name << "-0123456789abcdef\n";
    ::chmod(path.c_str(), 0600);
    return path;
  };
  config.bind = parse_address("0.0.0.0:0", AddressUse::bind);  // so that a caller from here is from elsewhere
  config.token_file = token_file("first");
  const weir::Endpoint wildcard = start();
  Peer peer = Peer::connect(test::endpoint_of("127.0.0.1:" + std::to_string(wildcard.port())));
  const auto drain = [&](const std::string& token) {
    return ask(peer,
               "POST /api/v1/drain HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
               "Content-Length: 0\r\nAuthorization: Bearer " +
                   token + "-0123456789abcdef\r\n\r\n");
  };
  EXPECT_THAT(drain("first"), StartsWith("HTTP/1.1 200 "));
  config.token_file = token_file("second");
  reload(config);
  EXPECT_THAT(drain("second"), StartsWith("HTTP/1.1 200 "));
  const std::string get = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
  EXPECT_THAT(ask(peer, get), StartsWith("HTTP/1.1 200 "));
  config.read_token = true;
  reload(config);
  EXPECT_THAT(ask(peer, get), StartsWith("HTTP/1.1 401 "));
}

TEST_F(EndpointReload, AnotherAddressTakesOverAndTheOldOneRefuses) {
  bounds.leaving = std::chrono::milliseconds(10);
  const weir::Endpoint before = start();
  Peer idle = Peer::connect(before);
  EXPECT_THAT(ask(idle, kHealthz), EndsWith(kOk));
  Peer half = Peer::connect(before);
  half.send_all("GET /heal");
  Peer fresh = Peer::connect(before);
  on_thread([] {});
  config.bind = parse_address("127.0.0.2:0", AddressUse::bind);
  reload(config);
  EXPECT_TRUE(is_cut(idle));
  EXPECT_TRUE(is_cut(fresh));
  EXPECT_THROW(Peer::connect(before), std::system_error);
  Peer peer = Peer::connect(test::endpoint_of(bound().at(0)));
  EXPECT_THAT(ask(peer, kHealthz), EndsWith(kOk));
  half.send_all("thz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const test::Received reply = half.receive_until_end();
  EXPECT_THAT(reply.bytes, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(reply.bytes, EndsWith(kOk));
}

TEST_F(EndpointReload, WhoeverHasOnlyConnectedIsStillAnswered) {
  bounds.leaving = bounds.idle;
  const weir::Endpoint before = start();
  Peer fresh = Peer::connect(before);
  Peer slow = Peer::connect(before);
  on_thread([] {});
  config.bind = parse_address("127.0.0.2:0", AddressUse::bind);
  reload(config);
  EXPECT_THROW(Peer::connect(before), std::system_error);
  const std::string whole = kHealthz;
  slow.send_all(whole.substr(0, 5));
  for (Peer* peer : {&fresh, &slow}) {
    peer->send_all(peer == &slow ? whole.substr(5) : whole);
    const test::Received reply = peer->receive_until_end();
    EXPECT_THAT(reply.bytes, HasSubstr("Connection: close\r\n"));
    EXPECT_THAT(reply.bytes, EndsWith(kOk));
  }
}

TEST_F(EndpointReload, OneAddressMayContainTheOther) {
  const weir::Endpoint before = start();
  const std::string port = std::to_string(before.port());
  for (const std::string& bind : {"0.0.0.0:" + port, ":" + port, "127.0.0.1:" + port}) {
    Peer idle = Peer::connect(before);
    EXPECT_THAT(ask(idle, kHealthz), EndsWith(kOk));
    config.bind = parse_address(bind, AddressUse::bind);
    reload(config);
    EXPECT_EQ(bound().size(), 1u);
    EXPECT_TRUE(is_cut(idle)) << bind;
    Peer peer = Peer::connect(before);
    EXPECT_THAT(ask(peer, kHealthz), EndsWith(kOk)) << bind;
  }
}

TEST_F(EndpointReload, WhatWasSentBeforeTheSwitchIsAnswered) {
  const weir::Endpoint before = start();
  std::vector<Peer> peers;
  on_thread([&] {  // nothing is accepted meanwhile
    for (int i = 0; i < 10; ++i) {
      peers.push_back(Peer::connect(before));
      peers.back().send_all(kHealthz);
    }
    config.bind = parse_address("127.0.0.2:0", AddressUse::bind);
    endpoint().apply(Endpoint::prepare(config, endpoint().listening()));
  });
  for (Peer& peer : peers) EXPECT_THAT(peer.receive_until_end().bytes, EndsWith(kOk));
}

TEST_F(EndpointReload, AFailureOrAThoughtBetterOfChangesNothing) {
  const weir::Endpoint address = start();
  boost::asio::io_context context{1};
  const Endpoint other(context.get_executor(), config, daemon);
  config.bind = parse_address(other.bound().at(0), AddressUse::bind);
  EXPECT_THROW(reload(config), std::runtime_error);
  config.bind = parse_address("127.0.0.2:0", AddressUse::bind);
  Endpoint::prepare(config, {});
  EXPECT_THAT(bound(), testing::ElementsAre(address.to_string()));
  Peer peer = Peer::connect(address);
  EXPECT_THAT(ask(peer, kHealthz), EndsWith(kOk));
}

TEST_F(EndpointReload, AUnixSocketThatStaysGetsItsNewMode) {
  const test::TempDir folder;
  const std::string path = folder.file("admin.sock");
  config.bind = parse_address("unix:" + path, AddressUse::bind);
  config.unix_socket.mode = 0600;
  const weir::Endpoint address = start();
  Peer peer = Peer::connect(address);
  config.unix_socket.mode = 0666;
  reload(config);
  struct stat status{};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0666u);
  EXPECT_THAT(ask(peer, kHealthz), EndsWith(kOk));
  config.bind = parse_address("unix:" + folder.file("other.sock"), AddressUse::bind);
  reload(config);
  EXPECT_TRUE(is_cut(peer));
  EXPECT_NE(::stat(path.c_str(), &status), 0);
  ASSERT_EQ(::stat(folder.file("other.sock").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0666u);
  stop();
  EXPECT_NE(::stat(folder.file("other.sock").c_str(), &status), 0);
}

TEST_F(EndpointReload, RetiringItAnswersTheRequestThatAskedForIt) {
  std::atomic<bool> done{false};
  class Retiring : public test::FakeAdminDaemon {
   public:
    std::function<void()> on_drain;
    admin::Change drain() override {
      on_drain();
      return admin::Change::done;
    }
  } retiring;
  use(retiring);
  const weir::Endpoint address = start();
  retiring.on_drain = [&] {
    endpoint().retire([&] {
      destroy();
      done = true;
    });
  };
  Peer idle = Peer::connect(address);
  EXPECT_THAT(ask(idle, kHealthz), EndsWith(kOk));
  Peer peer = Peer::connect(address);
  peer.send_all(
      "POST /api/v1/drain HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Content-Length: 0\r\n\r\n");
  const test::Received reply = peer.receive_until_end();
  EXPECT_THAT(reply.bytes, StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(reply.bytes, HasSubstr("Connection: close\r\n"));
  EXPECT_EQ(reply.ending, Ending::fin);
  EXPECT_TRUE(is_cut(idle));
  EXPECT_THROW(Peer::connect(address), std::system_error);
  peer.reset();
  wait_for(done);
}

TEST_F(EndpointReload, RetiringCutsWhatTakesTooLong) {
  bounds.retiring = std::chrono::milliseconds(50);
  daemon.answers = false;
  std::atomic<bool> done{false};
  Peer busy = begin_request(start());
  on_thread([&] { endpoint().retire([&] { done = true; }); });
  EXPECT_TRUE(is_cut(busy));
  wait_for(done);
}

TEST_F(EndpointReload, AnEndpointThatRetiresMayBeStopped) {
  daemon.answers = false;
  std::atomic<bool> done{false};
  Peer busy = begin_request(start());
  on_thread([&] { endpoint().retire([&] { done = true; }); });
  stop();  // hangs unless every coroutine ends
  EXPECT_FALSE(done);
  EXPECT_TRUE(is_cut(busy));
}

TEST_F(EndpointReload, AThousandReloadsLeaveNothingOpen) {
  start();
  const auto descriptors = [] {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return std::distance(begin(all), end(all));
  };
  const auto before = descriptors();
  for (int i = 1; i <= 1000; ++i) {
    config.bind = parse_address(i % 2 == 0 ? "127.0.0.1:0" : "127.0.0.2:0", AddressUse::bind);
    reload(config);
  }
  EXPECT_TRUE(test::wait_until([&] { return descriptors() == before; })) << descriptors() << " after " << before;
}

}  // namespace
}  // namespace weir::admin
