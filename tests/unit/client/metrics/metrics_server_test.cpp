#include "client/metrics/metrics_server.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <list>
#include <string>
#include <vector>

#include "tests/support/admin_client.hpp"
#include "tests/support/peer.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/wait_until.hpp"

namespace weir::load {
namespace {

using test::AdminClient;
using test::AdminReply;
using test::Ending;
using test::Peer;
using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kRequest = "GET /metrics HTTP/1.1\r\nHost: here\r\n\r\n";

/// A server of its own for each test, on a free port.
class MetricsServerTest : public testing::Test {
 protected:
  MetricsServerTest() {
    options_.target = parse_address("127.0.0.1:7000", AddressUse::target);
    options_.prometheus = parse_address("127.0.0.1:0", AddressUse::bind);
  }
  MetricsServer& start(const MetricsServer::Bounds& bounds = {}) {
    server_ = std::make_unique<MetricsServer>(options_, bounds);
    testing::internal::CaptureStderr();
    server_->start();
    said_ = testing::internal::GetCapturedStderr();
    return *server_;
  }
  Endpoint endpoint() const { return test::endpoint_of(server_->bound().front()); }
  Peer connect() const { return Peer::connect(endpoint()); }
  AdminClient client() const { return AdminClient(endpoint()); }

  LoadOptions options_;
  std::unique_ptr<MetricsServer> server_;
  std::string said_;
};

TEST_F(MetricsServerTest, AnswersWithTheMetricsOfTheMoment) {
  MetricsServer& server = start();
  EXPECT_EQ(said_, "weir-load: metrics on " + server.bound().front() + ", GET /metrics\n");
  EXPECT_NE(endpoint().port(), 0);
  const AdminReply reply = client().get("/metrics");
  EXPECT_EQ(reply.status, 200);
  EXPECT_THAT(reply.head, HasSubstr("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
  EXPECT_EQ(reply.body, server.metrics().text());
  server.metrics().connected(5);
  EXPECT_EQ(client().metric("weir_load_connections_open"), 5);
}

TEST_F(MetricsServerTest, HasNothingElse) {
  start();
  EXPECT_EQ(client().get("/").status, 404);
  EXPECT_EQ(client().get("/metrics/").status, 404);
  EXPECT_EQ(client().get("/metrics?a=b").status, 200);
  const AdminReply post = client().request("POST", "/metrics", "{}");
  EXPECT_EQ(post.status, 405);
  EXPECT_THAT(post.head, HasSubstr("Allow: GET, HEAD\r\n"));
  const std::string head = client().raw("HEAD /metrics HTTP/1.1\r\nHost: here\r\n\r\n");
  EXPECT_THAT(head, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(head, testing::EndsWith("\r\n\r\n"));
}

TEST_F(MetricsServerTest, RefusesWhatIsNoRequestAndGoesOn) {
  start();
  EXPECT_THAT(client().raw("\x16\x03\x01 hello\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(client().raw("GET /metrics HTTP/1.1\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n"),
              StartsWith("HTTP/1.1 431 "));
  {
    Peer gone = connect();
    gone.send_all("GET /met");
    gone.reset();
  }
  EXPECT_EQ(client().get("/metrics").status, 200);
}

TEST_F(MetricsServerTest, EndsAnAnswerWithAFinThoughMoreComes) {
  start();
  Peer peer = connect();
  peer.send_all(std::string(kRequest) + kRequest + std::string(100'000, 'x'));
  const test::Received received = peer.receive_until_end();
  EXPECT_EQ(received.ending, Ending::fin);
  EXPECT_THAT(received.bytes, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(received.bytes, HasSubstr("weir_load_info"));
}

TEST_F(MetricsServerTest, EndsConnectionsThatAreTooSlow) {
  using std::chrono::milliseconds;
  start({.arrival = milliseconds(50), .taking = milliseconds(50), .linger = milliseconds(50)});
  Peer silent = connect();
  Peer slow = connect();
  slow.send_all("GET /metrics HTTP/1.1\r\n");
  EXPECT_NE(silent.receive_until_end().ending, Ending::silence);
  EXPECT_NE(slow.receive_until_end().ending, Ending::silence);
  Peer lingering = connect();
  lingering.send_all(kRequest);
  EXPECT_NE(lingering.receive_until_end().ending, Ending::silence);
}

TEST_F(MetricsServerTest, OldestGivesWayWhereThereAreTooMany) {
  start({.connections = 3, .arrival = 10 * test::kHang});
  std::list<Peer> peers;
  for (int i = 0; i < 5; ++i) {
    peers.push_back(connect());
    // It is accepted before the next one comes.
    peers.back().send_all("GET /metrics HTTP/1.1\r\n");
  }
  EXPECT_NE(peers.front().receive_until_end().ending, Ending::silence);
  EXPECT_NE(std::next(peers.begin())->receive_until_end().ending, Ending::silence);
  Peer& last = peers.back();
  last.send_all("Host: here\r\n\r\n");
  EXPECT_THAT(last.receive_until_end().bytes, StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(MetricsServerTest, AnswersThoughACrowdSaysNothing) {
  start();
  std::vector<Peer> crowd;
  for (int i = 0; i < 200; ++i) crowd.push_back(connect());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(client().get("/metrics").status, 200);
}

TEST_F(MetricsServerTest, AnswersOnAUnixSocketWhoseFileGoesWithIt) {
  const test::TempDir dir;
  const std::string path = dir.file("metrics.sock");
  options_.prometheus = parse_address("unix:" + path, AddressUse::bind);
  start();
  EXPECT_EQ(client().get("/metrics").status, 200);
  server_.reset();
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(MetricsServerTest, BusyAddressIsAnErrorThatNamesIt) {
  start();
  const std::string address = endpoint().to_string();
  LoadOptions second = options_;
  second.prometheus = parse_address(address, AddressUse::bind);
  try {
    const MetricsServer server(second);
    FAIL() << "not refused";
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(error.what(), "--prometheus: cannot listen on " + address + ": Address already in use");
  }
}

}  // namespace
}  // namespace weir::load
