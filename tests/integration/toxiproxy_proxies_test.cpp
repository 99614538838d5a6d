#include <gmock/gmock.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value_to.hpp>
#include <string>
#include <vector>

#include "tests/support/admin_client.hpp"
#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/dead_ends.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/free_ports.hpp"
#include "tests/support/toxiproxy.hpp"

/// Proxies that clients of Toxiproxy's API make while the daemon runs.
namespace weir::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kSlow = R"({"type": "latency", "attributes": {"latency": 1, "jitter": 1}})";

void expect_served(Peer& peer) {
  peer.send_all("alive");
  EXPECT_EQ(peer.receive_exactly(5), "alive");
}

void expect_served(const Endpoint& target) {
  Peer peer = Peer::connect(target);
  expect_served(peer);
}

class ToxiproxyProxies : public testing::Test {
 protected:
  static std::string config(const std::string& more = "") {
    return "admin: {bind: '127.0.0.1:0'}\nfaults: {api: {bind: '127.0.0.1:0', create: true}}\n" + echo_config() + more;
  }
  bool is_listed(const std::string& name) const { return api.ask("GET", "/proxies", 200).as_object().contains(name); }
  void reload(const std::string& text) {
    daemon.rewrite_config(text);
    EXPECT_EQ(AdminClient(daemon).request("POST", "/api/v1/reload").status, 200);
  }

  const FakeBackend backend{echoes()};
  Daemon daemon = Daemon::with_config(config());
  const Toxiproxy api{daemon};
};

TEST_F(ToxiproxyProxies, ServeOnceTheyAreMade) {
  const Endpoint made = api.make("db", backend.address());
  EXPECT_NE(made.port(), 0);
  EXPECT_EQ(made, api.listens("db"));
  expect_served(made);
  EXPECT_EQ(api.error("POST", "/proxies", 409, R"({"name": "db", "upstream": "127.0.0.1:1"})"), "proxy already exists");
}

TEST_F(ToxiproxyProxies, GoWithTheirConnections) {
  const Endpoint made = api.make("db", backend.address());
  Peer client = Peer::connect(made);
  expect_served(client);
  EXPECT_EQ(api.request("DELETE", "/proxies/db").status, 204);
  EXPECT_TRUE(refuses_connections(made));
  EXPECT_NE(client.receive_until_end().ending, Ending::silence);
  EXPECT_EQ(api.error("DELETE", "/proxies/db", 404), "proxy not found");
  EXPECT_FALSE(is_listed("db"));
  EXPECT_EQ(api.make("db", backend.address(), made.to_string()), made) << "its name and its port are free again";
  expect_served(made);
}

TEST_F(ToxiproxyProxies, KeepTheirPortAndToxicsWhileTheyAreDisabled) {
  const Endpoint made = api.make("db", backend.address());
  api.add_toxic("db", kSlow);
  Peer client = Peer::connect(made);
  expect_served(client);
  for (int i = 0; i < 3; ++i) {
    const boost::json::value closed = api.ask("POST", "/proxies/db", 200, R"({"enabled": false})");
    EXPECT_FALSE(closed.at("enabled").as_bool());
    EXPECT_TRUE(refuses_connections(made));
    EXPECT_EQ(api.listens("db"), made);
    EXPECT_TRUE(api.ask("PATCH", "/proxies/db", 200, R"({"enabled": true})").at("enabled").as_bool());
    EXPECT_EQ(api.listens("db"), made);
    expect_served(made);
  }
  EXPECT_NE(client.receive_until_end().ending, Ending::silence);
  EXPECT_EQ(api.proxy("db").at("toxics").as_array().size(), 1u);
}

TEST_F(ToxiproxyProxies, MayBeMadeDisabled) {
  const FreePorts ports(1);
  const std::string listen = "localhost:" + std::to_string(ports.at(0));
  const boost::json::value made = api.ask(
      "POST", "/proxies", 201,
      R"({"name": "db", "enabled": false, "listen": ")" + listen + R"(", "upstream": ")" + backend.address() + "\"}");
  EXPECT_FALSE(made.at("enabled").as_bool());
  EXPECT_EQ(boost::json::value_to<std::string>(made.at("listen")), listen) << "as it was said";
  EXPECT_TRUE(refuses_connections(loopback(ports.at(0))));
  api.ask("POST", "/proxies/db", 200, R"({"enabled": true})");
  EXPECT_EQ(api.listens("db"), loopback(ports.at(0)));
  expect_served(loopback(ports.at(0)));
}

TEST_F(ToxiproxyProxies, LeadElsewhereOnceTheyAreTold) {
  const FakeBackend other(greets_then_echoes("other"));
  const Endpoint made = api.make("db", backend.address());
  api.add_toxic("db", kSlow);
  Peer client = Peer::connect(made);
  expect_served(client);
  api.ask("POST", "/proxies/db", 200, R"({"upstream": ")" + other.address() + "\"}");
  EXPECT_NE(client.receive_until_end().ending, Ending::silence);
  Peer next = Peer::connect(made);
  EXPECT_EQ(next.receive_exactly(5), "other");
  EXPECT_EQ(api.proxy("db").at("toxics").as_array().size(), 1u);
}

TEST_F(ToxiproxyProxies, ListenElsewhereOnceTheyAreTold) {
  const FreePorts ports(1);
  const Endpoint made = api.make("db", backend.address());
  api.ask("POST", "/proxies/db", 200, R"({"listen": ")" + ports.endpoint(0).to_string() + "\"}");
  EXPECT_EQ(api.listens("db"), ports.endpoint(0));
  EXPECT_TRUE(refuses_connections(made));
  expect_served(ports.endpoint(0));
}

TEST_F(ToxiproxyProxies, AreMadeAlthoughNobodyIsThere) {
  const RefusedPort dead;
  const Endpoint refused = api.make("refused", dead.address());
  Peer client = Peer::connect(refused);
  EXPECT_NE(client.receive_until_end().ending, Ending::silence) << "accepted, and then closed";
  api.make("unknown", "nobody.invalid:3306");
  EXPECT_EQ(boost::json::value_to<std::string>(api.proxy("unknown").at("upstream")), "nobody.invalid:3306");
}

TEST_F(ToxiproxyProxies, ReachThisMachineByItsName) {
  expect_served(api.make("db", "localhost:" + std::to_string(backend.endpoint().port())));
}

TEST_F(ToxiproxyProxies, SayWhoHasThePort) {
  const Endpoint made = api.make("one", backend.address());
  EXPECT_EQ(api.error("POST", "/proxies", 500,
                      R"({"name": "two", "upstream": "127.0.0.1:1", "listen": ")" + made.to_string() + "\"}"),
            "listen tcp " + made.to_string() + ": bind: address already in use");
  EXPECT_FALSE(is_listed("two"));
  expect_served(made);
  EXPECT_THAT(api.error("POST", "/proxies", 400, R"({"name": "two", "listen": "local373", "upstream": "a:1"})"),
              HasSubstr("listen: "));
}

TEST_F(ToxiproxyProxies, PopulateTogether) {
  const FreePorts ports(3);
  const auto entry = [&](const std::string& name, std::uint16_t place) {
    return R"({"name": ")" + name + R"(", "listen": ")" + ports.endpoint(place).to_string() + R"(", "upstream": ")" +
           backend.address() + "\"}";
  };
  const boost::json::value both = api.ask("POST", "/populate", 201, "[" + entry("a", 0) + "," + entry("b", 1) + "]");
  EXPECT_EQ(both.at("proxies").as_array().size(), 2u);
  api.add_toxic("a", kSlow);
  Peer client = Peer::connect(ports.endpoint(0));
  expect_served(client);
  api.ask("POST", "/populate", 201, "[" + entry("a", 0) + "," + entry("b", 2) + "]");
  expect_served(client);
  EXPECT_EQ(api.proxy("a").at("toxics").as_array().size(), 1u);
  EXPECT_TRUE(refuses_connections(ports.endpoint(1)));
  expect_served(ports.endpoint(2));
  EXPECT_EQ(boost::json::value_to<std::string>(api.ask("POST", "/populate", 400, "[{}]").at("error")),
            "missing required field: name at proxy 1");
}

TEST_F(ToxiproxyProxies, StayOverReloadsOfTheFile) {
  const Endpoint made = api.make("db", backend.address());
  api.add_toxic("db", kSlow);
  Peer client = Peer::connect(made);
  expect_served(client);
  reload(config("upstreams: [{name: more, servers: [{address: '127.0.0.1:1'}]}]\n"));
  expect_served(client);
  expect_served(made);
  EXPECT_EQ(api.listens("db"), made);
  EXPECT_EQ(api.proxy("db").at("toxics").as_array().size(), 1u);
}

TEST_F(ToxiproxyProxies, GoWhereAReloadForbidsThem) {
  const Endpoint made = api.make("db", backend.address());
  Peer client = Peer::connect(made);
  expect_served(client);
  std::string forbids = config();
  forbids.replace(forbids.find("create: true"), 12, "create: false");
  reload(forbids);
  EXPECT_NE(client.receive_until_end().ending, Ending::silence);
  EXPECT_TRUE(refuses_connections(made));
}

TEST_F(ToxiproxyProxies, MayBeCalledAnything) {
  const boost::json::value made =
      api.ask("POST", "/proxies", 201,
              R"({"name": "my cache/1", "upstream": ")" + backend.address() + R"(", "listen": "localhost:0"})");
  expect_served(endpoint_of(boost::json::value_to<std::string>(made.at("listen"))));
  EXPECT_TRUE(is_listed("my cache/1"));
  EXPECT_EQ(api.request("DELETE", "/proxies/my%20cache%2F1").status, 204);
  EXPECT_FALSE(is_listed("my cache/1"));
}

TEST_F(ToxiproxyProxies, AreSeenByOperatorsToo) {
  api.make("db", backend.address());
  const AdminClient admin(daemon);
  EXPECT_THAT(admin.get("/api/v1/config").body, HasSubstr("name: \"db\""));
  EXPECT_EQ(admin.metric("weir_listener_accepting{listener=\"db\"}"), 1);
  api.ask("POST", "/proxies/db", 200, R"({"enabled": false})");
  EXPECT_EQ(admin.metric("weir_listener_accepting{listener=\"db\"}"), 0);
  EXPECT_TRUE(refuses_connections(api.listens("db")));
}

TEST_F(ToxiproxyProxies, EndWithTheDaemon) {
  const Endpoint made = api.make("db", backend.address());
  expect_served(made);
  EXPECT_EQ(daemon.stop(), 0);
  EXPECT_TRUE(refuses_connections(made));
}

TEST_F(ToxiproxyProxies, ComeAndGoByTheHundred) {
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 20; ++i) expect_served(api.make("p" + std::to_string(i), backend.address()));
    for (int i = 0; i < 20; ++i) EXPECT_EQ(api.request("DELETE", "/proxies/p" + std::to_string(i)).status, 204);
  }
  EXPECT_TRUE(api.ask("GET", "/proxies", 200).as_object().empty());
}

}  // namespace
}  // namespace weir::test
