#include <gmock/gmock.h>
#include <sys/stat.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <map>
#include <string>
#include <vector>

#include "tests/support/admin_client.hpp"
#include "tests/support/configs.hpp"
#include "tests/support/dead_ends.hpp"
#include "tests/support/fake_backend.hpp"

/// The admin endpoint of a running daemon: what it shows is what happened, and what it is told to do is done.
namespace weir::test {
namespace {

using boost::json::value;
using testing::AllOf;
using testing::HasSubstr;

const std::string kAdmin = "admin: {bind: '127.0.0.1:0'}\n";

const value& listener_of(const value& status, std::size_t place = 0) { return status.at("listeners").at(place); }
const value& backend_of(const value& status, std::size_t place = 0) {
  return status.at("upstreams").at(0).at("backends").at(place);
}
std::string text(const value& json) { return boost::json::serialize(json); }
std::int64_t number(const value& json) { return json.to_number<std::int64_t>(); }

/// The live connections that the query asks for.
boost::json::array connections(const AdminClient& admin, const std::string& query = "") {
  const AdminReply reply = admin.get("/api/v1/connections" + query);
  if (reply.status != 200) throw std::runtime_error(reply.body);
  return reply.json().at("connections").as_array();
}

TEST(Admin, SaysThatItIsAliveAndReady) {
  Daemon daemon = Daemon::with_config(echo_config() + kAdmin);
  const AdminClient admin(daemon);
  EXPECT_EQ(admin.get("/healthz").status, 200);
  EXPECT_EQ(admin.get("/readyz").status, 200);
  EXPECT_EQ(admin.get("/nowhere").status, 404);
}

TEST(Admin, IsNotReadyWhileDrainingButStillAnswers) {
  Daemon daemon = Daemon::with_config(echo_config() + kAdmin);
  const AdminClient admin(daemon);
  Peer client = daemon.connect();
  client.send_all("x");
  client.receive_exactly(1);
  EXPECT_EQ(admin.request("POST", "/api/v1/drain").status, 200);
  EXPECT_EQ(admin.get("/readyz").status, 503);
  EXPECT_TRUE(admin.status().at("draining").as_bool());
  EXPECT_EQ(text(admin.request("POST", "/api/v1/drain").json().at("result")), R"("already")");
  client.close();
  EXPECT_EQ(daemon.process().wait_exit(), 0);
}

TEST(Admin, CountsBytesWhileAConnectionLives) {
  TestListener backend;
  Daemon daemon = Daemon::with_config(proxy_config({backend.address()}) + kAdmin);
  const AdminClient admin(daemon);
  Peer client = daemon.connect();
  client.send_all("hello");
  Peer served = backend.accept();
  EXPECT_EQ(served.receive_exactly(5), "hello");
  served.send_all("hi");
  EXPECT_EQ(client.receive_exactly(2), "hi");
  EXPECT_TRUE(wait_until([&] { return admin.metric(R"(weir_bytes_total{listener="front",direction="out"})") == 2; }));
  const value status = admin.status();
  EXPECT_EQ(number(listener_of(status).at("bytes_in")), 5);
  EXPECT_EQ(number(listener_of(status).at("active")), 1);
  EXPECT_EQ(number(backend_of(status).at("bytes_to")), 5);
  EXPECT_EQ(number(backend_of(status).at("bytes_from")), 2);
  EXPECT_EQ(number(backend_of(status).at("active")), 1);
  EXPECT_EQ(number(backend_of(status).at("connects")), 1);
}

TEST(Admin, ShowsALiveConnectionWithWhatItCarriedAndWhere) {
  TestListener backend;
  Daemon daemon = Daemon::with_config(proxy_config({backend.address()}) + kAdmin);
  const AdminClient admin(daemon);
  Peer client = daemon.connect();
  client.send_all("hello");
  Peer served = backend.accept();
  served.receive_exactly(5);
  const boost::json::array all = connections(admin);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(text(all[0].at("client")), '"' + client.local_name() + '"');
  EXPECT_EQ(text(all[0].at("backend")), '"' + backend.address() + '"');
  EXPECT_EQ(text(all[0].at("listener")), R"("front")");
  EXPECT_EQ(text(all[0].at("upstream")), R"("back")");
  EXPECT_EQ(text(all[0].at("stage")), R"("carrying")");
  EXPECT_EQ(number(all[0].at("bytes_in")), 5);
  EXPECT_TRUE(all[0].at("rtt_us").is_number());
  EXPECT_EQ(connections(admin, "?source=127.0.0.1").size(), 1U);
  EXPECT_EQ(connections(admin, "?source=127.0.0.2").size(), 0U);
  EXPECT_EQ(connections(admin, "?min_age=1h").size(), 0U);
  EXPECT_EQ(admin.get("/api/v1/connections?sorting=age").status, 400);
}

TEST(Admin, AClientThatDoesNotReadIsTheSlowSide) {
  const std::string flood(64 << 20, 'x');
  FakeBackend backend([&](Peer& client) {
    client.send_until_stalled(flood);
    client.receive_until_end();
    return Leave::reset;
  });
  Daemon daemon = Daemon::with_config(proxy_config({backend.address()}) + kAdmin);
  const AdminClient admin(daemon);
  Peer::Options small;
  small.receive_buffer = 4096;
  Peer idler = daemon.connect("", small);
  idler.send_all("go");
  ASSERT_TRUE(wait_until([&] { return connections(admin, "?slow=1").size() == 1; }));
  const value slow = connections(admin, "?slow=1&sort=kept").at(0);
  EXPECT_EQ(text(slow.at("slow_side")), R"("client")");
  EXPECT_GT(number(slow.at("kept_for_client")), 0);
  EXPECT_EQ(text(slow.at("client")), '"' + idler.local_name() + '"');
  idler.reset();
}

TEST(Admin, ABackendThatDoesNotReadIsTheSlowSideAndNobodyElseIsSlow) {
  TestListener backend(loopback(0), 128, 4096);
  Daemon daemon = Daemon::with_config(proxy_config({backend.address()}) + kAdmin);
  const AdminClient admin(daemon);
  Peer well = daemon.connect();
  well.send_all("x");
  Peer served = backend.accept();
  served.receive_exactly(1);
  Peer pusher = daemon.connect();
  Peer deaf = backend.accept();
  pusher.send_until_stalled(std::string(64 << 20, 'x'));
  ASSERT_TRUE(wait_until([&] { return connections(admin, "?slow=1").size() == 1; }));
  const value slow = connections(admin, "?slow=1")[0];
  EXPECT_EQ(text(slow.at("slow_side")), R"("backend")");
  EXPECT_GT(number(slow.at("kept_for_backend")), number(slow.at("kept_for_client")));
  EXPECT_EQ(text(slow.at("client")), '"' + pusher.local_name() + '"');
  pusher.reset();
}

TEST(Admin, TheHistoryHoldsWhatHappened) {
  Daemon daemon = Daemon::with_config(echo_config() + kAdmin);
  const AdminClient admin(daemon);
  daemon.connect().exchange("hello");
  const auto sum = [&](const char* key) {
    std::int64_t all = 0;
    const value history = admin.get("/api/v1/history").json();
    for (const value& step : history.at("steps").as_array()) {
      all += number(step.at("listeners").at("echo").at(key));
    }
    return all;
  };
  EXPECT_TRUE(wait_until([&] { return sum("accepted") == 1; }));
  EXPECT_EQ(sum("bytes_in"), 5);
  EXPECT_EQ(sum("bytes_out"), 5);
}

TEST(Admin, AKilledConnectionEndsAtBothSidesAndItsRecordSaysSo) {
  TestListener backend;
  Daemon daemon = Daemon::with_config(proxy_config({backend.address()}) + kAdmin);
  const AdminClient admin(daemon);
  Peer spared = daemon.connect();
  Peer served = backend.accept();
  Peer client = daemon.connect();
  Peer other = backend.accept();
  const boost::json::array all = connections(admin, "?source=127.0.0.1&sort=id");
  ASSERT_EQ(all.size(), 2U);
  const std::string id = text(all[0].at("id"));
  EXPECT_EQ(admin.request("DELETE", "/api/v1/connections/" + id).status, 200);
  EXPECT_NE(client.receive_until_end().ending, Ending::silence);
  EXPECT_NE(other.receive_until_end().ending, Ending::silence);
  EXPECT_EQ(daemon.wait_for_record(ended_as("killed")).client(), client.local_name());
  EXPECT_EQ(admin.request("DELETE", "/api/v1/connections/" + id).status, 404);
  served.send_all("x");
  EXPECT_EQ(spared.receive_exactly(1), "x") << "the other one goes on";
}

TEST(Admin, AKilledConnectionThatWaitsForABackendEnds) {
  const BlackHole dead_end;
  Daemon daemon = Daemon::with_config(proxy_config({dead_end.address()}, "", "connect: {timeout: 1h}") + kAdmin);
  const AdminClient admin(daemon);
  Peer client = daemon.connect();
  ASSERT_TRUE(wait_until([&] { return connections(admin).size() == 1; }));
  EXPECT_EQ(text(connections(admin)[0].at("stage")), R"("connecting")");
  EXPECT_EQ(admin.request("DELETE", "/api/v1/connections/" + text(connections(admin)[0].at("id"))).status, 200);
  EXPECT_NE(client.receive_until_end().ending, Ending::silence);
  daemon.wait_for_record(ended_as("killed"));
}

TEST(Admin, ADrainedBackendGetsNoNewConnectionsAndKeepsItsOwn) {
  TestListener one;
  TestListener other;
  Daemon daemon = Daemon::with_config(proxy_config({one.address(), other.address()}) + kAdmin);
  const AdminClient admin(daemon);
  Peer first = daemon.connect();
  Peer kept = one.accept();
  const std::string backend = "/api/v1/backends/back/" + one.address();
  EXPECT_EQ(text(admin.request("POST", backend + "/drain").json()), R"({"result":"done"})");
  EXPECT_EQ(text(admin.request("POST", backend + "/drain").json()), R"({"result":"already"})");
  std::vector<Peer> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(daemon.connect());
    clients.push_back(other.accept());
  }
  EXPECT_FALSE(one.pending());
  const value status = admin.status();
  EXPECT_EQ(text(backend_of(status).at("state")), R"("drained")");
  EXPECT_EQ(number(backend_of(status).at("active")), 1);
  EXPECT_EQ(backend_of(status).at("share").to_number<double>(), 0);
  EXPECT_EQ(backend_of(status, 1).at("share").to_number<double>(), 1);
  kept.send_all("x");
  EXPECT_EQ(first.receive_exactly(1), "x");

  EXPECT_EQ(admin.request("POST", backend + "/enable").status, 200);
  clients.push_back(daemon.connect());
  clients.push_back(daemon.connect());
  clients.push_back(one.accept());
  EXPECT_EQ(text(backend_of(admin.status()).at("state")), R"("up")");
  EXPECT_EQ(admin.request("POST", "/api/v1/backends/back/192.0.2.1:1/drain").status, 404);
  EXPECT_EQ(admin.request("POST", "/api/v1/backends/nowhere/" + one.address() + "/drain").status, 404);
}

TEST(Admin, WhoeverWaitsIsServedWhenADrainedBackendIsEnabled) {
  TestListener backend;
  Daemon daemon = Daemon::with_config(proxy_config({backend.address()}, "", "queue: {size: 10, timeout: 1h}") + kAdmin);
  const AdminClient admin(daemon);
  const std::string path = "/api/v1/backends/back/" + backend.address();
  ASSERT_EQ(admin.request("POST", path + "/drain").status, 200);
  Peer client = daemon.connect();
  ASSERT_TRUE(wait_until([&] { return number(admin.status().at("upstreams").at(0).at("waiting")) == 1; }));
  ASSERT_EQ(admin.request("POST", path + "/enable").status, 200);
  Peer served = backend.accept();
  ASSERT_TRUE(
      wait_until([&] { return number(admin.status().at("upstreams").at(0).at("queue_wait").at("count")) == 1; }));
}

TEST(Admin, ABackendThatIsDownSaysSinceWhenAndWhy) {
  const RefusedPort gone;
  Daemon daemon = Daemon::with_config(
      proxy_config({gone.address()}, "",
                   "health: {interval: 20ms, fall: 1}, queue: {timeout: 10ms}, connect: {attempts: 1}") +
      kAdmin);
  const AdminClient admin(daemon);
  ASSERT_TRUE(wait_until([&] { return text(backend_of(admin.status()).at("state")) == R"("down")"; }));
  const value status = admin.status();
  EXPECT_THAT(text(backend_of(status).at("why")), HasSubstr("refused"));
  EXPECT_FALSE(backend_of(status).at("healthy").as_bool());
  EXPECT_GE(number(backend_of(status).at("checks").at("failed")), 1);
  EXPECT_EQ(admin.metric("weir_backend_up{upstream=\"back\",backend=\"" + gone.address() + "\"}"), 0);
}

TEST(Admin, ConnectFailuresAreCountedByTheirErrorAndEjectTheBackend) {
  const RefusedPort gone;
  FakeBackend backend([](Peer& client) { return client.receive_until_end(), Leave::close; });
  Daemon daemon = Daemon::with_config(
      proxy_config({gone.address(), backend.address()}, "", "eject: {failures: 1, for: 1h}") + kAdmin);
  const AdminClient admin(daemon);
  for (int i = 0; i < 4; ++i) daemon.connect().exchange("x");
  const value status = admin.status();
  EXPECT_EQ(text(backend_of(status).at("connect_failures")), R"({"ECONNREFUSED":1})");
  EXPECT_EQ(text(backend_of(status).at("state")), R"("ejected")");
  EXPECT_EQ(number(backend_of(status).at("ejections")), 1);
  EXPECT_THAT(text(backend_of(status).at("why")), HasSubstr("refused"));
}

TEST(Admin, RefusalsAreCountedByTheLimitThatRefused) {
  Daemon daemon = Daemon::with_config(
      "listeners: [{name: few, bind: '127.0.0.1:0', echo: {}, limits: {per_source: 1}},"
      " {name: none, bind: '127.0.0.1:0', echo: {}, deny: [127.0.0.0/8]}]\n" +
      kAdmin);
  const AdminClient admin(daemon);
  Peer first = daemon.connect("few");
  first.send_all("x");
  first.receive_exactly(1);
  EXPECT_EQ(daemon.connect("few").receive_until_end().ending, Ending::reset);
  EXPECT_EQ(daemon.connect("none").receive_until_end().ending, Ending::reset);
  const value status = admin.status();
  EXPECT_EQ(number(listener_of(status, 0).at("refusals").at("source_connections")), 1);
  EXPECT_EQ(number(listener_of(status, 1).at("refusals").at("rules")), 1);
  EXPECT_EQ(admin.metric(R"(weir_connections_refused_total{listener="none",limit="rules"})"), 1);
  EXPECT_EQ(admin.metric(R"(weir_connections_refused_total{listener="none",limit="source_rate"})"), 0)
      << "it is there from the start";
}

TEST(Admin, TheNewestRecordsAreKeptEvenWithoutAnAccessLog) {
  Daemon daemon = Daemon::with_config(echo_config() + kAdmin + "access_log: {enabled: false}\n");
  const AdminClient admin(daemon);
  Peer reset = daemon.connect();
  const std::string who = reset.local_name();
  reset.send_all("x");
  reset.receive_exactly(1);
  reset.reset();
  const auto records = [&](const std::string& query) {
    return admin.get("/api/v1/records" + query).json().at("records").as_array();
  };
  ASSERT_TRUE(wait_until([&] { return records("?failed=1").size() == 1; }));
  EXPECT_EQ(text(records("?failed=1")[0].at("client")), '"' + who + '"');
  EXPECT_EQ(text(records("?failed=1")[0].at("end")), R"("client_reset")");
}

TEST(Admin, SourcesAreThoseWhoHoldTheMostConnections) {
  Daemon daemon = Daemon::with_config(echo_config() + kAdmin);
  const AdminClient admin(daemon);
  std::vector<Peer> clients;
  for (int i = 0; i < 3; ++i) clients.push_back(daemon.connect());
  Peer::Options elsewhere;
  elsewhere.source = endpoint_of("127.0.0.2:0");
  clients.push_back(daemon.connect("", elsewhere));
  for (Peer& client : clients) client.send_all("x"), client.receive_exactly(1);
  const value sources = admin.get("/api/v1/sources").json().at("sources");
  EXPECT_EQ(text(sources.at(0).at("source")), R"("127.0.0.1")");
  EXPECT_EQ(number(sources.at(0).at("connections")), 3);
  EXPECT_EQ(text(sources.at(1).at("source")), R"("127.0.0.2")");
}

TEST(Admin, TheLogLevelChangesWhileItRuns) {
  Daemon daemon = Daemon::with_config(echo_config() + kAdmin);
  const AdminClient admin(daemon);
  EXPECT_EQ(text(admin.get("/api/v1/log/level").json()), R"({"level":"info"})");
  EXPECT_EQ(admin.request("PUT", "/api/v1/log/level", R"({"level": "error"})").status, 200);
  EXPECT_EQ(text(admin.get("/api/v1/log/level").json()), R"({"level":"error"})");
  EXPECT_EQ(admin.request("PUT", "/api/v1/log/level", R"({"level": "loud"})").status, 400);
  EXPECT_EQ(daemon.stop(), 0);
  EXPECT_THAT(daemon.process().err(), HasSubstr("ready"));
  EXPECT_THAT(daemon.process().err(), testing::Not(HasSubstr("drained:"))) << "which it says at info";
}

TEST(Admin, ThePageTheMetricsAndTheConfigurationAreServed) {
  Daemon daemon = Daemon::with_config(echo_config() + kAdmin);
  const AdminClient admin(daemon);
  const AdminReply page = admin.get("/");
  EXPECT_THAT(page.head, AllOf(HasSubstr("text/html"), HasSubstr("Content-Security-Policy: default-src 'none'")));
  EXPECT_THAT(page.body, HasSubstr("<title>"));
  EXPECT_THAT(admin.get("/metrics").body, HasSubstr("weir_build_info"));
  EXPECT_THAT(admin.get("/api/v1/config").body, HasSubstr("drain_timeout: 30s"));
}

TEST(Admin, NothingChangesForAWebPageOfAnotherOrigin) {
  Daemon daemon = Daemon::with_config(echo_config() + kAdmin);
  const AdminClient admin(daemon);
  EXPECT_THAT(admin.raw("POST /api/v1/drain HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n"
                        "Content-Type: text/plain\r\nConnection: close\r\n\r\n"),
              HasSubstr(" 415 "));
  EXPECT_THAT(
      admin.raw("POST /api/v1/drain HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nOrigin: http://evil.example\r\n"
                "Content-Type: application/json\r\nConnection: close\r\n\r\n"),
      HasSubstr(" 403 "));
  EXPECT_THAT(admin.raw("GET /api/v1/status HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"),
              HasSubstr(" 421 "));
  EXPECT_EQ(admin.get("/readyz").status, 200);
}

/// Ends connections in many ways, and compares the sum of the records with the counters.
TEST(Admin, CountersAgreeWithTheRecords) {
  FakeBackend backend([](Peer& client) {
    const std::string order = client.receive_exactly(1);
    if (order == "r") return Leave::reset;
    if (order == "c") return Leave::close;
    client.send_all(client.receive_until_end().bytes);
    return Leave::close;
  });
  const RefusedPort gone;
  const BlackHole silent;
  Daemon daemon = Daemon::with_config(
      "listeners: [{name: echo, bind: '127.0.0.1:0', echo: {}, limits: {connections: 50}},"
      " {name: proxy, bind: '127.0.0.1:0', proxy: {upstream: up}, timeouts: {idle: 100ms}},"
      " {name: dead, bind: '127.0.0.1:0', proxy: {upstream: down}},"
      " {name: stuck, bind: '127.0.0.1:0', proxy: {upstream: silent}},"
      " {name: denied, bind: '127.0.0.1:0', discard: {}, deny: ['127.0.0.1']}]\n"
      "upstreams: [{name: up, servers: [{address: '" +
      backend.address() +
      "'}]},"
      " {name: silent, connect: {timeout: 1h}, servers: [{address: '" +
      silent.address() +
      "'}]},"
      " {name: down, servers: [{address: '" +
      gone.address() + "'}], connect: {attempts: 1}, eject: {failures: 0}}]\n" + kAdmin);
  const AdminClient admin(daemon);
  constexpr std::size_t kRounds = 25;
  std::size_t begun = 0;
  for (std::size_t i = 0; i < kRounds; ++i) {
    daemon.connect("echo").exchange(std::string(1000 + i, 'e'));
    Peer aborting = daemon.connect("echo");
    aborting.send_all("x");
    aborting.receive_exactly(1);
    aborting.reset();
    daemon.connect("proxy").exchange("xyz");
    Peer resetting = daemon.connect("proxy");
    resetting.send_all("r");
    resetting.receive_until_end();
    Peer closing = daemon.connect("proxy");
    closing.send_all("c");
    closing.receive_until_end();
    closing.close();
    daemon.connect("dead").receive_until_end();
    daemon.connect("denied").receive_until_end();
    begun += 7;
  }
  Peer leaving = daemon.connect("stuck");
  leaving.send_all("lost");
  ASSERT_TRUE(wait_until([&] { return connections(admin, "?listener=stuck").size() == 1; }));
  leaving.reset();
  ++begun;
  Peer idle = daemon.connect("proxy");
  idle.receive_until_end();
  ++begun;
  std::map<std::string, double> ended;
  std::map<std::string, double> bytes;
  for (const Record& record : daemon.wait_for_records(begun)) {
    ++ended["weir_connections_ended_total{listener=\"" + record.listener() + "\",end=\"" + record.end() + "\"}"];
    bytes["weir_bytes_total{listener=\"" + record.listener() + "\",direction=\"in\"}"] +=
        static_cast<double>(record.bytes_in());
    bytes["weir_bytes_total{listener=\"" + record.listener() + "\",direction=\"out\"}"] +=
        static_cast<double>(record.bytes_out());
  }
  EXPECT_GE(ended.size(), 7U);
  std::map<std::string, double> counted = admin.metrics();
  for (const auto& [series, count] : ended) EXPECT_EQ(counted[series], count) << series;
  for (const auto& [series, sum] : bytes) EXPECT_EQ(counted[series], sum) << series;
  EXPECT_EQ(bytes["weir_bytes_total{listener=\"stuck\",direction=\"in\"}"], 4);
  double all = 0;
  double accepted = 0;
  double lived = 0;
  for (const auto& [series, count] : counted) {
    if (series.starts_with("weir_connections_total")) accepted += count;
    if (series.starts_with("weir_connection_duration_seconds_count")) lived += count;
    if (series.starts_with("weir_connections_ended_total")) all += count;
    if (series.starts_with("weir_connections_active")) {
      EXPECT_EQ(count, 0) << series;
    }
  }
  EXPECT_EQ(all, static_cast<double>(begun));
  EXPECT_EQ(accepted, all);
  EXPECT_EQ(lived, all);
}

TEST(Admin, AUnixSocketHasItsModeAndIsRemovedAtTheEnd) {
  TempDir dir;
  const std::string path = dir.file("admin.sock");
  Daemon daemon = Daemon::with_config(echo_config() + "admin: {bind: 'unix:" + path + "', unix: {mode: '0600'}}\n");
  const AdminClient admin(daemon);
  EXPECT_EQ(admin.get("/readyz").status, 200);
  struct stat status{};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  EXPECT_EQ(daemon.stop(), 0);
  EXPECT_NE(::stat(path.c_str(), &status), 0);
}

TEST(Admin, ABusyAddressIsAnErrorThatNamesIt) {
  const TestListener busy;
  Process weir("weir", {"echo", "127.0.0.1:0", "--admin", busy.address()});
  EXPECT_EQ(weir.wait_exit(), 1);
  EXPECT_THAT(weir.err(), AllOf(HasSubstr("admin"), HasSubstr(busy.address()), HasSubstr("in use")));
}

}  // namespace
}  // namespace weir::test
