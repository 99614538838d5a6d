#include "server/toxiproxy/proxy.hpp"

#include <gmock/gmock.h>

#include <boost/json/serialize.hpp>
#include <string>
#include <vector>

#include "server/toxiproxy/problem.hpp"

namespace weir::toxiproxy {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

/// "400 text" of what a body is refused with.
template <typename Read>
std::string refused_with(Read read) {
  try {
    read();
  } catch (const Problem& problem) {
    return std::to_string(problem.status) + " " + problem.what();
  }
  return "none";
}

TEST(Proxy, IsEnabledUnlessItIsToldOtherwise) {
  const Proxy proxy = read_proxy(R"({"Name": "db", "Upstream": "localhost:3306", "enabled": null})");
  EXPECT_EQ(proxy, (Proxy{"db", "", "localhost:3306", true}));
  EXPECT_FALSE(read_proxy(R"({"name": "db", "upstream": "localhost:1", "enabled": false})").enabled);
}

TEST(Proxy, NeedsANameAndAnUpstream) {
  const auto refused = [](const std::string& body) { return refused_with([&] { read_proxy(body); }); };
  EXPECT_EQ(refused("{}"), "400 missing required field: name");
  EXPECT_EQ(refused(R"({"name": "test"})"), "400 missing required field: upstream");
  EXPECT_EQ(refused(""), "400 bad request body: EOF");
  EXPECT_THAT(refused(R"({"name": 1})"), HasSubstr("400 bad request body: name is of the kind int64"));
}

TEST(Proxy, OfAListIsNamedWhereSomethingIsMissing) {
  const auto refused = [](const std::string& body) { return refused_with([&] { read_proxies(body); }); };
  EXPECT_THAT(read_proxies(R"([{"name": "a", "upstream": "b:1"}, {"name": "c", "upstream": "d:1"}])"), SizeIs(2));
  EXPECT_THAT(read_proxies("[]"), SizeIs(0));
  EXPECT_EQ(refused(R"([{"name": "a", "upstream": "b:1"}, {"name": ""}])"),
            "400 missing required field: name at proxy 2");
  EXPECT_EQ(refused(R"([{"name": "a"}])"), "400 missing required field: upstream at proxy 1");
  EXPECT_EQ(refused(R"([{"name": "a", "upstream": "b:1"}, {"name": "a", "upstream": "b:1"}])"),
            "500 duplicate proxy name \"a\"");
  EXPECT_THAT(refused("{}"), HasSubstr("400 bad request body"));
}

TEST(Proxy, IsChangedInWhatTheBodyNames) {
  const Proxy before{"db", "127.0.0.1:1", "localhost:2", true};
  EXPECT_EQ(read_update(before, R"({"enabled": false})"), (Proxy{"db", "127.0.0.1:1", "localhost:2", false}));
  EXPECT_EQ(read_update(before, R"({"name": "other", "listen": "127.0.0.1:3", "upstream": "c:4", "toxics": []})"),
            (Proxy{"db", "127.0.0.1:3", "c:4", true}));
  EXPECT_EQ(read_update(before, "{}"), before);
}

TEST(Proxy, IsShownAsToxiproxyShowsIt) {
  const Proxy proxy{"db", "127.0.0.1:1", "localhost:2", false};
  EXPECT_EQ(boost::json::serialize(proxy_json(proxy, {})),
            R"({"name":"db","listen":"127.0.0.1:1","upstream":"localhost:2","enabled":false,"toxics":[]})");
  EXPECT_EQ(boost::json::serialize(proxy_json(proxy, {read_toxic(R"({"type": "noop"})")}).at("toxics")),
            R"([{"attributes":{},"name":"noop_downstream","type":"noop","stream":"downstream","toxicity":1E0}])");
}

TEST(Proxy, ListensAtOnePlaceHoweverThatIsWritten) {
  EXPECT_EQ(plain_listen("localhost:3310"), "127.0.0.1:3310");
  EXPECT_EQ(plain_listen("LocalHost:3310"), "127.0.0.1:3310");
  EXPECT_EQ(plain_listen(""), "127.0.0.1:0");
  EXPECT_EQ(plain_listen(":80"), ":80");
  EXPECT_EQ(plain_listen("localhost.example:80"), "localhost.example:80");
  const Proxy proxy{"db", "127.0.0.1:1", "localhost:2", true};
  EXPECT_TRUE(same_ends(proxy, {"x", "localhost:1", "localhost:2", false}));
  EXPECT_FALSE(same_ends(proxy, {"db", "localhost:3", "localhost:2", true}));
  EXPECT_FALSE(same_ends(proxy, {"db", "localhost:1", "localhost:3", true}));
}

}  // namespace
}  // namespace weir::toxiproxy
