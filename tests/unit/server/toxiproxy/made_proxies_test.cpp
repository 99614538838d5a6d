#include "server/toxiproxy/made_proxies.hpp"

#include <gmock/gmock.h>

#include <string>
#include <variant>

#include "server/config/config_loader.hpp"
#include "server/toxiproxy/problem.hpp"

namespace weir::toxiproxy {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr const char* kFile = R"(
faults: {api: {create: true}}
listeners: [{name: file, bind: '127.0.0.1:1', proxy: {upstream: back}}]
upstreams: [{name: back, servers: [{address: '127.0.0.1:2'}]}]
)";

ServerConfig file_config(const std::string& text = kFile) { return load_config_text(text, "test"); }

const Proxy kDb{"db", "localhost:3310", "localhost:3306", true};

TEST(MadeProxies, AreAListenerAndAnUpstreamOfTheirOwn) {
  const ServerConfig config = with_proxy(file_config(), kDb);
  ASSERT_THAT(config.listeners, SizeIs(2));
  const ListenerConfig& listener = config.listeners[1];
  EXPECT_EQ(listener.name, "db");
  EXPECT_EQ(listener.made, (MadeListener{"db", "localhost:3310", "localhost:3306", true}));
  EXPECT_TRUE(listener.is_open());
  ASSERT_THAT(listener.bind, SizeIs(1));
  EXPECT_EQ(listener.bind[0].to_string(), "127.0.0.1:3310");
  ASSERT_THAT(config.upstreams, SizeIs(2));
  const UpstreamConfig& upstream = config.upstreams[1];
  EXPECT_EQ(std::get<ProxyConfig>(listener.service).upstream, upstream.name);
  ASSERT_THAT(upstream.servers, SizeIs(1));
  EXPECT_EQ(upstream.servers[0].address.to_string(), "localhost:3306");
  EXPECT_EQ(upstream.connect.attempts, 1u);
  EXPECT_EQ(upstream.eject.failures, 0u);
  EXPECT_FALSE(upstream.health);
}

TEST(MadeProxies, LookUpNamesWhileTheyServe) {
  const ServerConfig config = with_proxy(file_config(), {"db", "", "nobody.example:3306", true});
  ASSERT_TRUE(config.upstreams[1].servers[0].dns);
  EXPECT_EQ(config.upstreams[1].servers[0].dns->name, "nobody.example");
  EXPECT_EQ(config.upstreams[1].servers[0].dns->port, 3306);
  for (const char* address : {"192.0.2.1:1", "[2001:db8::1]:1", "unix:/run/db"}) {
    EXPECT_FALSE(with_proxy(file_config(), {"db", "", address, true}).upstreams[1].servers[0].dns) << address;
  }
}

TEST(MadeProxies, HaveNoSocketsWhileTheyAreDisabled) {
  const ServerConfig config = with_proxy(file_config(), {"db", "no address", "localhost:3306", false});
  EXPECT_FALSE(config.listeners[1].is_open());
  EXPECT_TRUE(config.listeners[1].bind.empty());
  EXPECT_EQ(config.listeners[1].made->listen, "no address");
}

TEST(MadeProxies, TakeThePlaceOfTheOneOfTheirName) {
  const ServerConfig config = with_proxy(with_proxy(file_config(), kDb), {"db", "localhost:1", "localhost:2", true});
  ASSERT_THAT(config.listeners, SizeIs(2));
  ASSERT_THAT(config.upstreams, SizeIs(2));
  EXPECT_EQ(config.upstreams[1].servers[0].address.port, 2);
}

TEST(MadeProxies, GoWithTheirUpstreams) {
  const ServerConfig file = file_config();
  EXPECT_EQ(without_proxy(with_proxy(file, kDb), "db"), file);
  EXPECT_EQ(without_proxy(file, "file"), file) << "that one is the file's";
}

TEST(MadeProxies, LeaveTheFilesNamesAlone) {
  try {
    with_proxy(file_config(), {"file", "", "localhost:1", true});
    FAIL();
  } catch (const Problem& problem) {
    EXPECT_EQ(problem.status, 409u);
  }
}

TEST(MadeProxies, AreRefusedWhereTheirAddressesCannotBeRead) {
  const auto refused = [](const Proxy& proxy) -> std::string {
    try {
      with_proxy(file_config(), proxy);
    } catch (const Problem& problem) {
      return std::to_string(problem.status) + " " + problem.what();
    }
    return "none";
  };
  EXPECT_THAT(refused({"db", "local373", "localhost:1", true}), HasSubstr("400 listen: "));
  EXPECT_THAT(refused({"db", "fd:admin", "localhost:1", true}), HasSubstr("400 listen: "));
  EXPECT_THAT(refused({"db", "", "localhost", true}), HasSubstr("400 upstream: "));
}

TEST(MadeProxies, StayOverReloadsOfTheFile) {
  const ServerConfig running = with_proxy(with_proxy(file_config(), kDb), {"my cache", "", "localhost:6379", false});
  const ServerConfig next = keep_made(file_config(), running);
  EXPECT_EQ(next, running);
}

TEST(MadeProxies, GoWhereTheFileForbidsThem) {
  const ServerConfig running = with_proxy(file_config(), kDb);
  std::string forbids = kFile;
  forbids.replace(forbids.find("create: true"), 12, "create: false");
  const ServerConfig next = file_config(forbids);
  EXPECT_EQ(keep_made(next, running), next);
}

TEST(MadeProxies, GiveWayToListenersOfTheFile) {
  const ServerConfig running = with_proxy(file_config(), kDb);
  std::string text = kFile;
  text.replace(text.find("name: file"), 10, "name: db");
  const ServerConfig next = file_config(text);
  EXPECT_EQ(keep_made(next, running), next);
}

}  // namespace
}  // namespace weir::toxiproxy
