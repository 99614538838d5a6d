#include <gmock/gmock.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value_to.hpp>
#include <string>
#include <vector>

#include "tests/support/admin_client.hpp"
#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/free_ports.hpp"
#include "tests/support/toxiproxy.hpp"

/// Toxiproxy's API over real sockets: each of its requests, with listeners of the configuration file.
namespace weir::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kApi = "faults: {api: {bind: '127.0.0.1:0'}}\n";
constexpr const char* kSlow = R"({"type": "latency", "attributes": {"latency": 100, "jitter": 10}})";

void expect_served(Peer& peer) {
  peer.send_all("alive");
  EXPECT_EQ(peer.receive_exactly(5), "alive");
}

class ToxiproxyRequests : public testing::Test {
 protected:
  const FakeBackend backend{echoes()};
  Daemon daemon = Daemon::with_config(kApi + proxy_config({backend.address()}));
  const Toxiproxy api{daemon};
};

TEST_F(ToxiproxyRequests, ListAndShowTheListenersOfTheFile) {
  const boost::json::value front = api.proxy("front");
  EXPECT_EQ(boost::json::value_to<std::string>(front.at("name")), "front");
  EXPECT_EQ(boost::json::value_to<std::string>(front.at("listen")), daemon.addresses("front").at(0));
  EXPECT_EQ(boost::json::value_to<std::string>(front.at("upstream")), backend.address());
  EXPECT_TRUE(front.at("enabled").as_bool());
  EXPECT_TRUE(front.at("toxics").as_array().empty());
  EXPECT_EQ(api.ask("GET", "/proxies", 200).at("front"), front);
}

TEST_F(ToxiproxyRequests, AddShowChangeAndRemoveToxics) {
  const boost::json::value slow = api.ask("POST", "/proxies/front/toxics", 200, kSlow);
  EXPECT_EQ(boost::json::value_to<std::string>(slow.at("name")), "latency_downstream");
  EXPECT_EQ(boost::json::value_to<std::string>(slow.at("stream")), "downstream");
  EXPECT_EQ(slow.at("toxicity").to_number<double>(), 1);
  const std::string path = "/proxies/front/toxics/latency_downstream";
  EXPECT_EQ(api.ask("GET", path, 200), slow);
  EXPECT_EQ(api.ask("GET", "/proxies/front/toxics", 200).at(0), slow);
  EXPECT_EQ(api.proxy("front").at("toxics").at(0), slow);
  EXPECT_EQ(api.error("POST", "/proxies/front/toxics", 409, kSlow), "toxic already exists");

  const boost::json::value changed = api.ask("POST", path, 200, R"({"attributes": {"latency": 7}})");
  EXPECT_EQ(changed.at("attributes"), boost::json::parse(R"({"latency": 7, "jitter": 10})"));
  EXPECT_EQ(api.ask("PATCH", path, 200, R"({"toxicity": 0.5})").at("toxicity").to_number<double>(), 0.5);

  const AdminReply removed = api.request("DELETE", path);
  EXPECT_EQ(removed.status, 204);
  EXPECT_EQ(removed.body, "");
  EXPECT_THAT(removed.head, Not(HasSubstr("Content-Length")));
  EXPECT_EQ(api.error("GET", path, 404), "toxic not found");
  EXPECT_EQ(api.error("DELETE", path, 404), "toxic not found");
}

TEST_F(ToxiproxyRequests, DisableAndEnableAListener) {
  Peer client = daemon.connect("front");
  expect_served(client);
  const Endpoint target = api.listens("front");
  EXPECT_FALSE(api.ask("POST", "/proxies/front", 200, R"({"enabled": false})").at("enabled").as_bool());
  EXPECT_TRUE(wait_until([&] { return refuses_connections(target); }));
  EXPECT_NE(client.receive_until_end().ending, Ending::silence) << "its connections end";
  EXPECT_TRUE(api.ask("PATCH", "/proxies/front", 200, R"({"enabled": true})").at("enabled").as_bool());
  Peer other = Peer::connect(api.listens("front"));
  expect_served(other);
}

TEST_F(ToxiproxyRequests, Reset) {
  api.add_toxic("front", kSlow);
  api.ask("POST", "/proxies/front", 200, R"({"enabled": false})");
  EXPECT_EQ(api.request("POST", "/reset").status, 204);
  EXPECT_TRUE(api.enabled("front"));
  EXPECT_TRUE(api.proxy("front").at("toxics").as_array().empty());
}

TEST_F(ToxiproxyRequests, LeaveTheFilesListenersToTheFile) {
  EXPECT_THAT(api.error("DELETE", "/proxies/front", 403), HasSubstr("configuration file"));
  EXPECT_THAT(api.error("POST", "/proxies/front", 403, R"({"upstream": "127.0.0.1:1"})"),
              HasSubstr("configuration file"));
  EXPECT_THAT(api.error("POST", "/proxies", 403, R"({"name": "a", "upstream": "127.0.0.1:1"})"),
              HasSubstr("create: true"));
  EXPECT_EQ(api.error("POST", "/proxies", 409, R"({"name": "front", "upstream": "127.0.0.1:1"})"),
            "proxy already exists");
}

TEST_F(ToxiproxyRequests, SayWhatIsWrong) {
  EXPECT_EQ(api.error("GET", "/proxies/no", 404), "proxy not found");
  EXPECT_EQ(api.error("POST", "/proxies", 400, "{}"), "missing required field: name");
  EXPECT_EQ(api.error("POST", "/proxies/front/toxics", 400, R"({"type": "no"})"), "invalid toxic type");
  EXPECT_EQ(api.error("POST", "/proxies/front/toxics", 400, R"({"type": "latency", "stream": "sideways"})"),
            "stream was invalid, can be either upstream or downstream");
  EXPECT_EQ(api.error("POST", "/proxies/front/toxics", 400), "bad request body: EOF");
  EXPECT_EQ(api.error("GET", "/nowhere", 404), "404 page not found");
  EXPECT_EQ(api.error("PUT", "/proxies", 405), "method not allowed");
}

TEST_F(ToxiproxyRequests, SayTheVersionAndCountBytes) {
  EXPECT_EQ(api.request("GET", "/version").body, "{\"version\": \"2.12.0\"}\n");
  Peer client = daemon.connect("front");
  expect_served(client);
  const std::string series = "toxiproxy_proxy_sent_bytes_total{direction=\"downstream\",listener=\"" +
                             daemon.addresses("front").at(0) + "\",proxy=\"front\",upstream=\"" + backend.address() +
                             "\"}";
  EXPECT_TRUE(wait_until([&] { return api.http().metric(series) == 5; }));
}

TEST_F(ToxiproxyRequests, OfBrowsersGetNothing) {
  const std::string reply = api.http().raw(
      "GET /proxies HTTP/1.1\r\nHost: localhost\r\nUser-Agent: Mozilla/5.0\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(reply, HasSubstr("HTTP/1.1 403 "));
  EXPECT_THAT(reply, HasSubstr("User agent not allowed"));
  const std::string page = api.http().raw(
      "POST /reset HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\nContent-Length: 0\r\n"
      "Connection: close\r\n\r\n");
  EXPECT_THAT(page, HasSubstr("HTTP/1.1 403 "));
}

TEST_F(ToxiproxyRequests, NeedNoContentTypeAndMayComeInChunks) {
  const std::string reply = api.http().raw(
      "POST /proxies/front/toxics HTTP/1.1\r\nHost: toxiproxy\r\nUser-Agent: Java/17\r\nTransfer-Encoding: chunked\r\n"
      "Connection: close\r\n\r\n10\r\n{\"type\": \"noop\"}\r\n0\r\n\r\n");
  EXPECT_THAT(reply, HasSubstr("HTTP/1.1 200 "));
  EXPECT_THAT(reply, HasSubstr("noop_downstream"));
}

TEST(ToxiproxyEndpoint, IsThereOnlyWhereTheConfigurationSaysSo) {
  Daemon daemon = Daemon::with_config("faults: {}\n" + echo_config());
  EXPECT_THAT(daemon.process().err(), Not(HasSubstr("Toxiproxy")));
}

TEST(ToxiproxyEndpoint, ShowsOnlyListenersWithOneServer) {
  Daemon daemon = Daemon::with_config(std::string(kApi) + proxy_config({"127.0.0.1:1", "127.0.0.1:2"}));
  EXPECT_TRUE(Toxiproxy(daemon).ask("GET", "/proxies", 200).as_object().empty());
}

TEST(ToxiproxyEndpoint, ComesGoesAndMovesWithReloads) {
  const FreePorts ports(2);
  const std::string first = "admin: {bind: '127.0.0.1:0'}\n" + echo_config();
  const auto with_api = [&](std::uint16_t place) {
    return "faults: {api: {bind: '" + ports.endpoint(place).to_string() + "'}}\n" + first;
  };
  Daemon daemon = Daemon::with_config(first);
  const AdminClient admin(daemon);
  const auto reload = [&](const std::string& config) {
    daemon.rewrite_config(config);
    EXPECT_EQ(admin.request("POST", "/api/v1/reload").status, 200);
  };
  reload(with_api(0));
  EXPECT_EQ(AdminClient(ports.endpoint(0)).get("/version").status, 200);
  reload(with_api(1));
  EXPECT_EQ(AdminClient(ports.endpoint(1)).get("/version").status, 200);
  EXPECT_TRUE(wait_until([&] { return refuses_connections(ports.endpoint(0)); }));
  reload(first);
  EXPECT_TRUE(wait_until([&] { return refuses_connections(ports.endpoint(1)); }));
}

TEST(ToxiproxyEndpoint, KeepsToxicsWithinWhatTheConfigurationAllows) {
  const FakeBackend backend(echoes());
  Daemon daemon =
      Daemon::with_config("faults: {api: {bind: '127.0.0.1:0'}, max_percent: 5}\n" + proxy_config({backend.address()}));
  const Toxiproxy api(daemon);
  EXPECT_THAT(api.error("POST", "/proxies/front/toxics", 400, kSlow), HasSubstr("max_percent"));
  api.add_toxic("front", R"({"type": "timeout", "toxicity": 0.05})");
}

}  // namespace
}  // namespace weir::test
