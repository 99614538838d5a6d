#include "server/toxiproxy/api.hpp"

#include <gmock/gmock.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_to.hpp>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/server/toxiproxy/fake_daemon.hpp"

namespace weir::toxiproxy {
namespace {

using admin::Reply;
using boost::beast::http::verb;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

namespace json = boost::json;
namespace http = boost::beast::http;

constexpr const char* kDb = R"({"name": "db", "listen": "localhost:0", "upstream": "localhost:3306"})";
constexpr const char* kSlow = R"({"type": "latency", "attributes": {"latency": 100, "jitter": 10}})";
constexpr const char* kStopped = R"({"name": "gone", "type": "timeout", "attributes": {"timeout": 100}})";

class ToxiproxyApi : public testing::Test {
 protected:
  static admin::Request make_request(verb method, std::string_view target, std::string body = "") {
    admin::Request request(method, target, 11, std::move(body));
    request.set(http::field::host, "toxiproxy:8474");
    return request;
  }
  Reply send(admin::Request request) {
    Reply reply;
    boost::asio::io_context context{1};
    spawn(context, std::move(request), reply);
    context.run();
    return reply;
  }
  void spawn(boost::asio::io_context& context, admin::Request request, Reply& reply) {
    boost::asio::co_spawn(context.get_executor(),
                          api.answer({admin::Caller::From::elsewhere, "192.0.2.1:4711"}, std::move(request)),
                          [&reply](const std::exception_ptr& failure, Reply answer) {
                            if (failure) std::rethrow_exception(failure);
                            reply = std::move(answer);
                          });
  }
  json::value ask(verb method, std::string_view target, unsigned status, std::string body = "") {
    const Reply reply = send(make_request(method, target, std::move(body)));
    EXPECT_EQ(reply.status, status) << target << ' ' << reply.body;
    return reply.body.empty() ? json::value() : json::parse(reply.body);
  }
  /// Of an error that has to have that status.
  std::string error(verb method, std::string_view target, unsigned status, std::string body = "") {
    const json::value answer = ask(method, target, status, std::move(body));
    EXPECT_EQ(answer.at("status").to_number<unsigned>(), status);
    return json::value_to<std::string>(answer.at("error"));
  }
  void add_file_listener() { daemon.all.push_back({{"file", "127.0.0.1:80", "10.0.0.1:80", true}, "file", false}); }
  static std::string text(const json::value& value) { return json::value_to<std::string>(value); }

  test::FakeProxies daemon;
  Toxics toxics{daemon};
  Api api{daemon, toxics};
};

TEST_F(ToxiproxyApi, ListsNothingAtFirst) { EXPECT_TRUE(ask(verb::get, "/proxies", 200).as_object().empty()); }

TEST_F(ToxiproxyApi, MakesProxiesAndSaysWhereTheyListen) {
  const json::value made = ask(verb::post, "/proxies", 201, kDb);
  EXPECT_EQ(made, json::parse(R"({"name": "db", "listen": "localhost:4711", "upstream": "localhost:3306",
                                  "enabled": true, "toxics": []})"));
  EXPECT_EQ(ask(verb::get, "/proxies/db", 200), made);
  EXPECT_EQ(ask(verb::get, "/proxies", 200).at("db"), made);
}

TEST_F(ToxiproxyApi, SaysWhyAProxyIsNotMade) {
  EXPECT_EQ(error(verb::post, "/proxies", 400, "{}"), "missing required field: name");
  EXPECT_EQ(error(verb::post, "/proxies", 400, R"({"name": "a"})"), "missing required field: upstream");
  EXPECT_EQ(error(verb::post, "/proxies", 400), "bad request body: EOF");
  ask(verb::post, "/proxies", 201, kDb);
  EXPECT_EQ(error(verb::post, "/proxies", 409, kDb), "proxy already exists");
  daemon.failure = "listener b: cannot listen on 127.0.0.1:3310: Address already in use";
  EXPECT_EQ(error(verb::post, "/proxies", 500, R"({"name": "b", "listen": "localhost:3310", "upstream": "c:1"})"),
            "listen tcp 127.0.0.1:3310: bind: address already in use");
  daemon.failure = "something else";
  EXPECT_EQ(error(verb::post, "/proxies", 500, R"({"name": "b", "upstream": "c:1"})"), "something else");
  daemon.creates = false;
  EXPECT_THAT(error(verb::post, "/proxies", 403, R"({"name": "b", "upstream": "c:1"})"), HasSubstr("create: true"));
}

TEST_F(ToxiproxyApi, KnowsWhatIsNotThere) {
  EXPECT_EQ(error(verb::get, "/proxies/no", 404), "proxy not found");
  EXPECT_EQ(error(verb::post, "/proxies/no", 404, "{}"), "proxy not found");
  EXPECT_EQ(error(verb::delete_, "/proxies/no", 404), "proxy not found");
  EXPECT_EQ(error(verb::get, "/proxies/no/toxics", 404), "proxy not found");
  EXPECT_EQ(error(verb::post, "/proxies/no/toxics", 404, kSlow), "proxy not found");
  EXPECT_EQ(error(verb::get, "/proxies/no/toxics/no", 404), "proxy not found");
  ask(verb::post, "/proxies", 201, kDb);
  EXPECT_EQ(error(verb::get, "/proxies/db/toxics/no", 404), "toxic not found");
  EXPECT_EQ(error(verb::patch, "/proxies/db/toxics/no", 404, "{}"), "toxic not found");
  EXPECT_EQ(error(verb::delete_, "/proxies/db/toxics/no", 404), "toxic not found");
  EXPECT_EQ(error(verb::get, "/nowhere", 404), "404 page not found");
  EXPECT_EQ(error(verb::get, "/proxies/", 404), "404 page not found");
  EXPECT_EQ(error(verb::put, "/proxies", 405), "method not allowed");
  EXPECT_EQ(error(verb::get, "/reset", 405), "method not allowed");
}

TEST_F(ToxiproxyApi, DisablesAndEnablesByEitherMethod) {
  ask(verb::post, "/proxies", 201, kDb);
  EXPECT_FALSE(ask(verb::post, "/proxies/db", 200, R"({"enabled": false})").at("enabled").as_bool());
  const json::value open = ask(verb::patch, "/proxies/db", 200, R"({"ENABLED": true})");
  EXPECT_TRUE(open.at("enabled").as_bool());
  EXPECT_EQ(text(open.at("listen")), "localhost:4711") << "it keeps its port";
  daemon.done.clear();
  ask(verb::patch, "/proxies/db", 200, R"({"enabled": true})");
  EXPECT_THAT(daemon.done, IsEmpty()) << "nothing changes";
}

TEST_F(ToxiproxyApi, ChangesWhereAProxyLeads) {
  ask(verb::post, "/proxies", 201, kDb);
  ask(verb::post, "/proxies/db/toxics", 200, kSlow);
  const json::value changed = ask(verb::post, "/proxies/db", 200, R"({"upstream": "other:1"})");
  EXPECT_EQ(text(changed.at("upstream")), "other:1");
  EXPECT_EQ(changed.at("toxics").as_array().size(), 1u);
}

TEST_F(ToxiproxyApi, RemovesProxies) {
  ask(verb::post, "/proxies", 201, kDb);
  ask(verb::post, "/proxies/db/toxics", 200, kSlow);
  const Reply removed = send(make_request(verb::delete_, "/proxies/db"));
  EXPECT_EQ(removed.status, 204u);
  EXPECT_EQ(removed.body, "");
  EXPECT_EQ(error(verb::get, "/proxies/db", 404), "proxy not found");
  ask(verb::post, "/proxies", 201, kDb);
  EXPECT_TRUE(ask(verb::get, "/proxies/db/toxics", 200).as_array().empty()) << "they went with it";
}

TEST_F(ToxiproxyApi, AddsToxics) {
  ask(verb::post, "/proxies", 201, kDb);
  const json::value slow = json::parse(
      R"({"attributes": {"latency": 100, "jitter": 10}, "name": "latency_downstream", "type": "latency",
          "stream": "downstream", "toxicity": 1})");
  const auto same = [](const json::value& one, const json::value& other) {
    return json::parse(admin::json_text(one)) == json::parse(admin::json_text(other));
  };
  EXPECT_TRUE(same(ask(verb::post, "/proxies/db/toxics", 200, kSlow), slow));
  EXPECT_TRUE(same(ask(verb::get, "/proxies/db/toxics/latency_downstream", 200), slow));
  EXPECT_TRUE(same(ask(verb::get, "/proxies/db/toxics", 200).at(0), slow));
  EXPECT_TRUE(same(ask(verb::get, "/proxies/db", 200).at("toxics").at(0), slow));
  ASSERT_EQ(daemon.on["db"].size(), 1u);
  EXPECT_EQ(daemon.on["db"][0]->kind,
            faults::Kind(faults::Latency{std::chrono::milliseconds(100), std::chrono::milliseconds(10)}));
}

TEST_F(ToxiproxyApi, RefusesToxics) {
  ask(verb::post, "/proxies", 201, kDb);
  EXPECT_EQ(error(verb::post, "/proxies/db/toxics", 400, "{}"), "invalid toxic type");
  ask(verb::post, "/proxies/db/toxics", 200, kSlow);
  EXPECT_EQ(error(verb::post, "/proxies/db/toxics", 409, kSlow), "toxic already exists");
  EXPECT_EQ(error(verb::post, "/proxies/db/toxics", 409,
                  R"({"name": "latency_downstream", "type": "slow_close", "stream": "upstream"})"),
            "toxic already exists");
  faults::Fault fault;
  fault.name = "operators";
  daemon.on["db"].push_back(std::make_shared<const faults::Fault>(fault));
  EXPECT_EQ(error(verb::post, "/proxies/db/toxics", 409, R"({"name": "operators", "type": "timeout"})"),
            "toxic already exists");
  daemon.refusal = "percent: 100 is more than the configuration allows";
  EXPECT_EQ(error(verb::post, "/proxies/db/toxics", 400, R"({"type": "timeout"})"),
            "bad request body: percent: 100 is more than the configuration allows");
  EXPECT_EQ(ask(verb::get, "/proxies/db/toxics", 200).as_array().size(), 1u);
}

TEST_F(ToxiproxyApi, ListsThoseUpstreamFirst) {
  ask(verb::post, "/proxies", 201, kDb);
  ask(verb::post, "/proxies/db/toxics", 200, R"({"name": "one", "type": "noop"})");
  ask(verb::post, "/proxies/db/toxics", 200, R"({"name": "two", "type": "noop", "stream": "upstream"})");
  ask(verb::post, "/proxies/db/toxics", 200, R"({"name": "three", "type": "noop"})");
  std::vector<std::string> names;
  const json::value list = ask(verb::get, "/proxies/db/toxics", 200);
  for (const json::value& toxic : list.as_array()) names.push_back(text(toxic.at("name")));
  EXPECT_THAT(names, ElementsAre("two", "one", "three"));
}

TEST_F(ToxiproxyApi, ChangesToxicsByEitherMethod) {
  ask(verb::post, "/proxies", 201, kDb);
  ask(verb::post, "/proxies/db/toxics", 200, kSlow);
  const std::string path = "/proxies/db/toxics/latency_downstream";
  const json::value changed = ask(verb::post, path, 200, R"({"toxicity": 0.5, "attributes": {"latency": 1000}})");
  EXPECT_EQ(changed.at("toxicity").to_number<double>(), 0.5);
  EXPECT_EQ(changed.at("attributes").at("latency").to_number<int>(), 1000);
  EXPECT_EQ(changed.at("attributes").at("jitter").to_number<int>(), 10);
  ASSERT_EQ(daemon.on["db"].size(), 1u);
  EXPECT_EQ(daemon.on["db"][0]->percent, 50);
  EXPECT_EQ(ask(verb::patch, path, 200, R"({"toxicity": 0})").at("toxicity").to_number<double>(), 0);
  EXPECT_THAT(daemon.on["db"], IsEmpty()) << "it does nothing";
  EXPECT_EQ(ask(verb::get, path, 200).at("attributes").at("latency").to_number<int>(), 1000) << "but it is there";
  ask(verb::patch, path, 200, R"({"toxicity": 1})");
  EXPECT_EQ(daemon.on["db"].size(), 1u);
}

TEST_F(ToxiproxyApi, RemovesToxics) {
  ask(verb::post, "/proxies", 201, kDb);
  ask(verb::post, "/proxies/db/toxics", 200, kSlow);
  EXPECT_EQ(send(make_request(verb::delete_, "/proxies/db/toxics/latency_downstream")).status, 204u);
  EXPECT_THAT(daemon.on["db"], IsEmpty());
  EXPECT_THAT(daemon.done, Not(Contains("cut db")));
  EXPECT_TRUE(ask(verb::get, "/proxies/db/toxics", 200).as_array().empty());
}

TEST_F(ToxiproxyApi, EndsTheConnectionsOfATimeoutThatIsRemoved) {
  ask(verb::post, "/proxies", 201, kDb);
  ask(verb::post, "/proxies/db/toxics", 200, kStopped);
  EXPECT_EQ(daemon.on["db"].size(), 2u);
  ask(verb::patch, "/proxies/db/toxics/gone", 200, R"({"attributes": {"timeout": 0}})");
  EXPECT_EQ(daemon.on["db"].size(), 1u);
  EXPECT_THAT(daemon.done, Not(Contains("cut db")));
  ask(verb::delete_, "/proxies/db/toxics/gone", 204);
  EXPECT_THAT(daemon.on["db"], IsEmpty());
  EXPECT_THAT(daemon.done, Contains("cut db"));
}

TEST_F(ToxiproxyApi, ForgetsAToxicWhoseFaultIsGone) {
  ask(verb::post, "/proxies", 201, kDb);
  ask(verb::post, "/proxies/db/toxics", 200, kStopped);
  daemon.on["db"].erase(daemon.on["db"].begin());  // somebody else, or its time was over
  EXPECT_TRUE(ask(verb::get, "/proxies/db/toxics", 200).as_array().empty());
  EXPECT_THAT(daemon.on["db"], IsEmpty()) << "half of it does not stay";
}

TEST_F(ToxiproxyApi, KeepsAToxicWhateverTheConfigurationMakesOfItsDuration) {
  ask(verb::post, "/proxies", 201, kDb);
  ask(verb::post, "/proxies/db/toxics", 200, kSlow);
  faults::Fault bounded = *daemon.on["db"][0];
  bounded.duration = std::chrono::hours(1);
  daemon.on["db"][0] = std::make_shared<const faults::Fault>(bounded);
  EXPECT_EQ(ask(verb::get, "/proxies/db/toxics", 200).as_array().size(), 1u);
}

TEST_F(ToxiproxyApi, Populates) {
  const json::value answer = ask(verb::post, "/populate", 201,
                                 R"([{"name": "one", "listen": "localhost:1", "upstream": "a:1"},
              {"name": "two", "listen": "localhost:2", "upstream": "b:1", "enabled": false}])");
  ASSERT_EQ(answer.at("proxies").as_array().size(), 2u);
  EXPECT_EQ(text(answer.at("proxies").at(0).at("name")), "one");
  EXPECT_TRUE(answer.at("proxies").at(0).at("enabled").as_bool());
  EXPECT_FALSE(answer.at("proxies").at(1).at("enabled").as_bool());
  EXPECT_FALSE(answer.as_object().contains("error"));
}

TEST_F(ToxiproxyApi, PopulatesAroundWhatIsThereAlready) {
  ask(verb::post, "/proxies", 201, R"({"name": "one", "listen": "127.0.0.1:1", "upstream": "a:1"})");
  ask(verb::post, "/proxies", 201, R"({"name": "two", "listen": "127.0.0.1:2", "upstream": "b:1"})");
  ask(verb::post, "/proxies/one/toxics", 200, kSlow);
  ask(verb::post, "/proxies/two/toxics", 200, kSlow);
  daemon.done.clear();
  const json::value answer = ask(verb::post, "/populate", 201,
                                 R"([{"name": "one", "listen": "localhost:1", "upstream": "a:1"},
                                     {"name": "two", "listen": "localhost:3", "upstream": "b:1"}])");
  EXPECT_EQ(answer.at("proxies").at(0).at("toxics").as_array().size(), 1u) << "it is the same";
  EXPECT_THAT(daemon.done, Not(Contains("put one")));
  EXPECT_TRUE(answer.at("proxies").at(1).at("toxics").as_array().empty()) << "it was replaced";
  EXPECT_THAT(daemon.on["two"], IsEmpty());
}

TEST_F(ToxiproxyApi, PopulatesUpToTheFirstFailure) {
  const json::value answer = ask(verb::post, "/populate", 400, R"([{"name": "a", "upstream": "b:1"}, {"name": ""}])");
  EXPECT_EQ(text(answer.at("error")), "missing required field: name at proxy 2");
  EXPECT_EQ(answer.at("status").to_number<int>(), 400);
  EXPECT_TRUE(answer.at("proxies").as_array().empty());
  EXPECT_THAT(daemon.all, IsEmpty());
  daemon.failure = "no socket";
  const json::value failed = ask(verb::post, "/populate", 500, R"([{"name": "a", "upstream": "b:1"}])");
  EXPECT_EQ(text(failed.at("error")), "no socket");
  EXPECT_TRUE(failed.at("proxies").as_array().empty());
}

TEST_F(ToxiproxyApi, Resets) {
  ask(verb::post, "/proxies", 201, kDb);
  ask(verb::post, "/proxies/db/toxics", 200, kSlow);
  ask(verb::post, "/proxies/db", 200, R"({"enabled": false})");
  EXPECT_EQ(send(make_request(verb::post, "/reset")).status, 204u);
  const json::value db = ask(verb::get, "/proxies/db", 200);
  EXPECT_TRUE(db.at("enabled").as_bool());
  EXPECT_TRUE(db.at("toxics").as_array().empty());
  EXPECT_THAT(daemon.on["db"], IsEmpty());
}

TEST_F(ToxiproxyApi, LeavesListenersOfTheFileWhereTheyAre) {
  add_file_listener();
  EXPECT_TRUE(ask(verb::get, "/proxies/file", 200).at("enabled").as_bool());
  ask(verb::post, "/proxies/file/toxics", 200, kSlow);
  EXPECT_EQ(daemon.on["file"].size(), 1u);
  EXPECT_THAT(error(verb::delete_, "/proxies/file", 403), HasSubstr("configuration file"));
  EXPECT_THAT(error(verb::post, "/proxies/file", 403, R"({"upstream": "other:1"})"), HasSubstr("configuration file"));
  EXPECT_THAT(error(verb::post, "/proxies/file", 403, R"({"listen": "other:1"})"), HasSubstr("configuration file"));
  EXPECT_EQ(error(verb::post, "/proxies", 409, R"({"name": "file", "upstream": "a:1"})"), "proxy already exists");
  EXPECT_FALSE(ask(verb::post, "/proxies/file", 200, R"({"enabled": false})").at("enabled").as_bool());
  EXPECT_THAT(daemon.done, Contains("disable file"));
  ask(verb::post, "/reset", 204);
  EXPECT_THAT(daemon.done, Contains("enable file"));
}

TEST_F(ToxiproxyApi, LeavesWhatOperatorsHaveDrained) {
  add_file_listener();
  daemon.all[0].proxy.enabled = false;
  ask(verb::post, "/reset", 204);
  EXPECT_THAT(daemon.done, IsEmpty());
  ask(verb::post, "/proxies/file", 200, R"({"enabled": true})");
  EXPECT_THAT(daemon.done, Contains("enable file")) << "who asks for it gets it";
}

TEST_F(ToxiproxyApi, SaysItsVersion) {
  const Reply reply = send(make_request(verb::get, "/version"));
  EXPECT_EQ(reply.body, "{\"version\": \"2.12.0\"}\n");
  EXPECT_EQ(reply.content_type, "application/json;charset=utf-8");
}

TEST_F(ToxiproxyApi, CountsBytes) {
  daemon.all.push_back({{"db", "127.0.0.1:1", "a:1", true}, "db", true, 5, 7});
  const std::string metrics = send(make_request(verb::get, "/metrics")).body;
  EXPECT_THAT(metrics, HasSubstr("toxiproxy_proxy_received_bytes_total{direction=\"upstream\",listener=\"127.0.0.1:1\","
                                 "proxy=\"db\",upstream=\"a:1\"} 5\n"));
  EXPECT_THAT(metrics, HasSubstr("toxiproxy_proxy_sent_bytes_total{direction=\"downstream\",listener=\"127.0.0.1:1\","
                                 "proxy=\"db\",upstream=\"a:1\"} 7\n"));
}

TEST_F(ToxiproxyApi, AnswersNoBrowser) {
  admin::Request browser = make_request(verb::get, "/proxies");
  browser.set(http::field::user_agent, "Mozilla/5.0 (X11; Linux x86_64)");
  const Reply reply = send(browser);
  EXPECT_EQ(reply.status, 403u);
  EXPECT_EQ(reply.body, "User agent not allowed\n");
  admin::Request page = make_request(verb::post, "/reset");
  page.set(http::field::origin, "http://somewhere.example");
  EXPECT_EQ(send(page).status, 403u);
  admin::Request tool = make_request(verb::get, "/proxies");
  tool.set(http::field::user_agent, "curl/7.88.1");
  EXPECT_EQ(send(tool).status, 200u);
}

TEST_F(ToxiproxyApi, NumbersItsReplies) {
  const auto id = [this] {
    const Reply reply = send(make_request(verb::get, "/version"));
    for (const auto& [name, value] : reply.headers) {
      if (name == "X-Toxiproxy-Request-Id") return value;
    }
    return std::string();
  };
  const std::string first = id();
  EXPECT_NE(first, "");
  EXPECT_NE(id(), first);
}

TEST_F(ToxiproxyApi, ChangesOneThingAfterTheOther) {
  daemon.waits = 3;
  boost::asio::io_context context{1};
  Reply first;
  Reply second;
  Reply third;
  spawn(context, make_request(verb::post, "/proxies", kDb), first);
  spawn(context, make_request(verb::post, "/proxies", kDb), second);
  spawn(context, make_request(verb::post, "/proxies", R"({"name": "b", "upstream": "c:1"})"), third);
  context.run();
  EXPECT_EQ(first.status, 201u);
  EXPECT_EQ(second.status, 409u);
  EXPECT_EQ(third.status, 201u);
  EXPECT_THAT(daemon.done, ElementsAre("put db", "is there: db", "put b", "is there: b"));
}

}  // namespace
}  // namespace weir::toxiproxy
