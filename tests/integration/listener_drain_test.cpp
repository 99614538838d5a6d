#include <gmock/gmock.h>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <exception>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/admin_client.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/free_ports.hpp"
#include "tests/support/half_open.hpp"
#include "tests/support/temp_dir.hpp"

/// One listener is drained and enabled, while the daemon serves.
namespace weir::test {
namespace {

const std::string kAdmin = "admin: {bind: '127.0.0.1:0'}\n";

void expect_served(Peer& peer) {
  peer.send_all("alive");
  EXPECT_EQ(peer.receive_exactly(5), "alive");
}

bool refuses(const Endpoint& target) {
  try {
    Peer::connect(target);
    return false;
  } catch (const std::system_error&) {
    return true;
  }
}

std::string result(const AdminReply& reply) { return boost::json::serialize(reply.json().at("result")); }

boost::json::value listener_of(const AdminClient& admin, std::size_t place = 0) {
  return admin.status().at("listeners").at(place);
}

/// Where the first listener listens now.
Endpoint bound(const AdminClient& admin) {
  const auto text = listener_of(admin).at("bound").at(0).as_string();
  return endpoint_of({text.data(), text.size()});
}

/// Two listeners, the first of which binds this.
std::string two_listeners(const std::string& bind) {
  return kAdmin + "listeners:\n- {name: one, bind: '" + bind +
         "', echo: {}}\n- {name: two, bind: '127.0.0.1:0', echo: {}}\n";
}

void expect_drains_and_comes_back(const std::string& bind) {
  Daemon daemon = Daemon::with_config(two_listeners(bind));
  const AdminClient admin(daemon);
  const Endpoint target = bound(admin);
  Peer old = daemon.connect("one");
  expect_served(old);
  EXPECT_EQ(result(admin.request("POST", "/api/v1/listeners/one/drain")), "\"done\"");
  ASSERT_TRUE(wait_until([&] { return refuses(target); }));
  expect_served(old);
  Peer other = daemon.connect("two");
  expect_served(other);
  EXPECT_EQ(result(admin.request("POST", "/api/v1/listeners/one/drain")), "\"already\"");
  EXPECT_EQ(admin.get("/readyz").status, 200);
  EXPECT_TRUE(listener_of(admin).at("drained").as_bool());
  EXPECT_TRUE(listener_of(admin).at("bound").as_array().empty());
  EXPECT_FALSE(listener_of(admin, 1).at("drained").as_bool());
  EXPECT_EQ(admin.metric("weir_listener_drained{listener=\"one\"}"), 1);
  EXPECT_EQ(admin.metric("weir_listener_accepting{listener=\"one\"}"), 0);

  EXPECT_EQ(result(admin.request("POST", "/api/v1/listeners/one/enable")), "\"done\"");
  EXPECT_EQ(result(admin.request("POST", "/api/v1/listeners/one/enable")), "\"already\"");
  EXPECT_FALSE(listener_of(admin).at("drained").as_bool());
  for (int i = 0; i < 20; ++i) {
    Peer newcomer = Peer::connect(bound(admin));
    expect_served(newcomer);
  }
  expect_served(old);
  EXPECT_EQ(result(admin.request("POST", "/api/v1/listeners/one/drain")), "\"done\"") << "and once more";
  old.close();
  other.close();
  EXPECT_EQ(daemon.stop(), 0);
}

TEST(ListenerDrain, RefusesNewcomersOfOneListenerAndTakesThemAgain) { expect_drains_and_comes_back("127.0.0.1:0"); }

TEST(ListenerDrain, DoesSoOnAUnixSocket) {
  const TempDir dir;
  expect_drains_and_comes_back("unix:" + dir.file("socket"));
}

TEST(ListenerDrain, ComesBackAtTheSamePort) {
  const FreePorts ports(1);
  expect_drains_and_comes_back(ports.endpoint(0).to_string());
}

TEST(ListenerDrain, ComesBackWhileTheOldSocketsServeTheirLastHandshake) {
  const FreePorts ports(1);
  Daemon daemon = Daemon::with_config(two_listeners(ports.endpoint(0).to_string()));
  const AdminClient admin(daemon);
  HalfOpen client(ports.endpoint(0));
  EXPECT_EQ(result(admin.request("POST", "/api/v1/listeners/one/drain")), "\"done\"");
  EXPECT_EQ(result(admin.request("POST", "/api/v1/listeners/one/enable")), "\"done\"");
  Peer newcomer = Peer::connect(ports.endpoint(0));
  expect_served(newcomer);
  Peer peer = client.complete();
  expect_served(peer);
}

TEST(ListenerDrain, ServesAHandshakeThatWasUnderWay) {
  Daemon daemon = Daemon::with_config(two_listeners("127.0.0.1:0"));
  const AdminClient admin(daemon);
  const Endpoint target = bound(admin);
  HalfOpen client(target);
  EXPECT_EQ(result(admin.request("POST", "/api/v1/listeners/one/drain")), "\"done\"");
  ASSERT_TRUE(wait_until([&] { return refuses(target); }));
  Peer peer = client.complete();
  expect_served(peer);
}

/// Reloads with this text in the place of another one of the configuration.
void expect_reloads(Daemon& daemon, const AdminClient& admin, const std::string& old, const std::string& text) {
  std::string config = read_file(daemon.dir().file("weir.yaml"));
  config.replace(config.find(old), old.size(), text);
  daemon.dir().write("weir.yaml", config);
  EXPECT_EQ(result(admin.request("POST", "/api/v1/reload")), "\"applied\"");
}

TEST(ListenerDrain, StaysOverAReloadThatChangesSomethingElse) {
  const FreePorts ports(1);
  Daemon daemon = Daemon::with_config(two_listeners(ports.endpoint(0).to_string()));
  const AdminClient admin(daemon);
  EXPECT_EQ(result(admin.request("POST", "/api/v1/listeners/one/drain")), "\"done\"");
  expect_reloads(daemon, admin, "name: two", "name: two, limits: {connections: 7}");
  EXPECT_TRUE(listener_of(admin).at("drained").as_bool());
  EXPECT_TRUE(refuses(ports.endpoint(0)));
  EXPECT_EQ(result(admin.request("POST", "/api/v1/listeners/one/enable")), "\"done\"");
  Peer newcomer = Peer::connect(ports.endpoint(0));
  expect_served(newcomer);
}

TEST(ListenerDrain, EndsWithTheListener) {
  const FreePorts ports(1);
  const std::string bind = ports.endpoint(0).to_string();
  Daemon daemon = Daemon::with_config(two_listeners(bind));
  const AdminClient admin(daemon);
  const std::string entry = "- {name: one, bind: '" + bind + "', echo: {}}\n";
  Peer old = daemon.connect("one");
  expect_served(old);
  EXPECT_EQ(result(admin.request("POST", "/api/v1/listeners/one/drain")), "\"done\"");
  expect_reloads(daemon, admin, entry, "");
  expect_served(old);
  EXPECT_EQ(admin.request("POST", "/api/v1/listeners/one/enable").status, 404);
  expect_reloads(daemon, admin, "listeners:\n", "listeners:\n" + entry);
  EXPECT_FALSE(listener_of(admin).at("drained").as_bool());
  Peer newcomer = Peer::connect(ports.endpoint(0));
  expect_served(newcomer);
  expect_served(old);
}

TEST(ListenerDrain, DoesNotShareAPortThatAnotherProgramHasByNow) {
  const FreePorts ports(1);
  const std::string bind = ports.endpoint(0).to_string();
  Daemon daemon = Daemon::with_config(two_listeners(bind));
  const AdminClient admin(daemon);
  EXPECT_EQ(result(admin.request("POST", "/api/v1/listeners/one/drain")), "\"done\"");
  // Its sockets are closed once another daemon can listen there, which tries that alone.
  std::optional<Daemon> other;
  ASSERT_TRUE(wait_until([&] {
    try {
      other.emplace(Daemon::with_config("listeners: [{name: other, bind: '" + bind + "', echo: {}}]\n"));
    } catch (const std::exception&) {
      return false;
    }
    return true;
  }));
  const AdminReply refused = admin.request("POST", "/api/v1/listeners/one/enable");
  EXPECT_EQ(refused.status, 409);
  EXPECT_THAT(refused.body, testing::HasSubstr("listener one stays drained: cannot listen on " + bind));
  EXPECT_EQ(other->stop(), 0);
  EXPECT_EQ(result(admin.request("POST", "/api/v1/listeners/one/enable")), "\"done\"");
}

TEST(ListenerDrain, StaysOverAReloadOfItsOwnAndComesBackWhereThatSays) {
  const TempDir sockets;
  const std::string first = "unix:" + sockets.file("first");
  const std::string second = "unix:" + sockets.file("second");
  Daemon daemon = Daemon::with_config(two_listeners(first));
  const AdminClient admin(daemon);
  Peer old = daemon.connect("one");
  expect_served(old);
  EXPECT_EQ(result(admin.request("POST", "/api/v1/listeners/one/drain")), "\"done\"");
  expect_reloads(daemon, admin, first, second);
  EXPECT_TRUE(listener_of(admin).at("drained").as_bool());
  EXPECT_TRUE(refuses(Endpoint::unix_path(sockets.file("second"))));
  expect_served(old);
  EXPECT_EQ(result(admin.request("POST", "/api/v1/listeners/one/enable")), "\"done\"");
  Peer newcomer = Peer::connect(Endpoint::unix_path(sockets.file("second")));
  expect_served(newcomer);
}

TEST(ListenerDrain, StaysWhereTheSocketsCannotBeOpened) {
  const TempDir dir;
  Daemon daemon = Daemon::with_config(two_listeners("unix:" + dir.file("socket")));
  const AdminClient admin(daemon);
  EXPECT_EQ(result(admin.request("POST", "/api/v1/listeners/one/drain")), "\"done\"");
  ASSERT_TRUE(wait_until([&] { return !std::filesystem::exists(dir.file("socket")); }));
  dir.write("socket", "no socket");
  const AdminReply refused = admin.request("POST", "/api/v1/listeners/one/enable");
  EXPECT_EQ(refused.status, 409);
  EXPECT_THAT(refused.body, testing::HasSubstr("listener one stays drained: cannot listen on unix:"));
  EXPECT_TRUE(listener_of(admin).at("drained").as_bool());
  EXPECT_EQ(admin.get("/readyz").status, 200);
  EXPECT_EQ(admin.request("POST", "/api/v1/listeners/none/enable").status, 404);
}

TEST(ListenerDrain, IsRefusedWhileTheDaemonDrains) {
  Daemon daemon = Daemon::with_config(two_listeners("127.0.0.1:0") + "drain_announce: 1h\n");
  const AdminClient admin(daemon);
  EXPECT_EQ(admin.request("POST", "/api/v1/drain").status, 200);
  EXPECT_EQ(admin.request("POST", "/api/v1/listeners/one/drain").status, 409);
  daemon.drain();
  EXPECT_EQ(daemon.process().wait_exit(), 0);
}

TEST(ListenerDrain, DoesNotKeepTheDaemonFromDraining) {
  Daemon daemon = Daemon::with_config(two_listeners("127.0.0.1:0") + "drain_timeout: 1h\n");
  const AdminClient admin(daemon);
  Peer client = daemon.connect("one");
  expect_served(client);
  EXPECT_EQ(result(admin.request("POST", "/api/v1/listeners/one/drain")), "\"done\"");
  daemon.drain();
  expect_served(client);
  client.close();
  EXPECT_EQ(daemon.process().wait_exit(), 0);
}

TEST(ListenerDrain, OfAllListenersDoesNotKeepTheDaemonFromDraining) {
  Daemon daemon = Daemon::with_config(two_listeners("127.0.0.1:0"));
  const AdminClient admin(daemon);
  for (const char* name : {"one", "two"}) {
    EXPECT_EQ(result(admin.request("POST", std::string("/api/v1/listeners/") + name + "/drain")), "\"done\"");
  }
  EXPECT_EQ(daemon.stop(), 0);
}

TEST(ListenerDrain, HasCommands) {
  const TempDir dir;
  const std::string address = "unix:" + dir.file("admin");
  Daemon daemon = Daemon::with_config("listeners: [{name: one, bind: '127.0.0.1:0', echo: {}}]\nadmin: {bind: '" +
                                      address + "'}\n");
  const auto run = [&](const std::vector<std::string>& arguments) {
    Process weir("weir", arguments);
    EXPECT_EQ(weir.wait_exit(), 0) << weir.err();
    return weir.out();
  };
  EXPECT_EQ(run({"drain-listener", "one", address}),
            "listener one refuses newcomers and keeps the connections that it has\n");
  EXPECT_THAT(run({"status", address}), testing::HasSubstr("listener one is drained and refuses newcomers"));
  EXPECT_EQ(run({"enable-listener", "one", address}), "listener one takes newcomers again\n");
}

}  // namespace
}  // namespace weir::test
