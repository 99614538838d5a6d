#include "server/admin/api.hpp"

#include <gmock/gmock.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <exception>
#include <limits>
#include <string>

#include "tests/support/fake_admin_daemon.hpp"
#include "tests/unit/server/admin/documented_answers.hpp"

namespace weir::admin {
namespace {

using namespace std::chrono_literals;
using From = Caller::From;
using http::verb;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

namespace json = boost::json;

class ApiTest : public testing::Test {
 protected:
  Reply ask(verb method, std::string_view target, std::string body = "") {
    Request request(method, target, 11, std::move(body));
    request.set(http::field::host, "localhost");
    if (method != verb::get) request.set(http::field::content_type, "application/json");
    return send(std::move(request));
  }
  Reply send(Request request, From from = From::loopback) {
    Reply reply;
    boost::asio::io_context context{1};
    boost::asio::co_spawn(context.get_executor(), api.answer({from, "127.0.0.1:4711"}, std::move(request)),
                          [&](const std::exception_ptr& failure, Reply answer) {
                            if (failure) std::rethrow_exception(failure);
                            reply = std::move(answer);
                          });
    context.run();
    return reply;
  }
  json::value get(std::string_view target) {
    const Reply reply = ask(verb::get, target);
    EXPECT_EQ(reply.status, 200u) << target << reply.body;
    EXPECT_EQ(reply.content_type, "application/json");
    return json::parse(reply.body);
  }
  std::string error(verb method, std::string_view target, unsigned status, std::string body = "") {
    const Reply reply = ask(method, target, std::move(body));
    EXPECT_EQ(reply.status, status) << target << reply.body;
    return std::string(json::parse(reply.body).at("error").as_string().c_str());
  }

  AdminConfig config;
  test::FakeAdminDaemon daemon;
  Api api{config, daemon};
};

std::shared_ptr<const std::string> shared(const char* text) { return std::make_shared<const std::string>(text); }

TEST_F(ApiTest, HealthAndReadinessAreStatuses) {
  EXPECT_EQ(get("/healthz"), json::parse(R"({"status": "ok"})"));
  EXPECT_EQ(ask(verb::get, "/readyz").status, 503u);
  EXPECT_EQ(ask(verb::get, "/readyz").body, "{\"status\":\"starting\"}\n");
  daemon.now.ready = true;
  EXPECT_EQ(get("/readyz"), json::parse(R"({"status": "ready"})"));
  daemon.now.ready = false;
  daemon.now.draining = true;
  EXPECT_EQ(ask(verb::get, "/readyz").body, "{\"status\":\"draining\"}\n");
  EXPECT_EQ(ask(verb::head, "/readyz").status, 503u);
}

TEST_F(ApiTest, PageMetricsAndConfigurationHaveTheirOwnTypes) {
  const Reply page = ask(verb::get, "/?view=backends");
  EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
  EXPECT_THAT(page.headers,
              Contains(Pair("Content-Security-Policy", HasSubstr("default-src 'none'; style-src 'sha256-"))));
  EXPECT_EQ(ask(verb::get, "/metrics").content_type, "text/plain; version=0.0.4; charset=utf-8");
  Request open(verb::get, "/metrics", 11);
  open.set(http::field::host, "localhost");
  open.set(http::field::accept, "application/openmetrics-text;version=1.0.0,text/plain;q=0.5");
  EXPECT_EQ(send(std::move(open)).content_type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
  const Reply yaml = ask(verb::get, "/api/v1/config");
  EXPECT_EQ(yaml.content_type, "application/yaml");
  EXPECT_EQ(yaml.body, "workers: auto\n");
}

TEST_F(ApiTest, StatusShowsTheDaemonAsItIsDocumented) {
  const auto began =
      std::chrono::system_clock::time_point(std::chrono::sys_days(std::chrono::year(2026) / 1 / 31)) + 11h;
  ServerSnapshot& now = daemon.now;
  now.time = began + 1h + 123ms;
  now.ready = true;
  now.active = 12;
  now.process = {4711, began, began, "/etc/weir/weir.yaml", "8c1f0a2b9d3e4f56", 12.5, 40, 20000, 9981, 1234, 1, 2};
  now.workers = {{0.12, 6, 0.00004, 1}};
  ListenerSnapshot listener;
  listener.name = "db";
  listener.service = "proxy";
  listener.upstream = "postgres";
  listener.bound = {"127.0.0.1:5433"};
  listener.accepted = 100;
  listener.active = 12;
  listener.ended[static_cast<std::size_t>(SessionEnd::client_closed)] = 80;
  listener.bytes_in = 1000;
  listener.bytes_out = 2000;
  listener.durations.bounds = kDurationBounds;
  listener.durations.counts.assign(kDurationBounds.size() + 1, 0);
  listener.durations.counts[5] = 9;
  listener.durations.counts.back() = 1;
  listener.accept_errors = {{"EMFILE", 0}, {"ENFILE", 2}};
  listener.refusals = {{"rules", 3}, {"trusted", 0}};
  listener.faults = {.active = 2, .left = 540'250ms, .met = {{"latency", 17}, {"reset", 0}}};
  now.listeners = {listener};
  UpstreamSnapshot upstream;
  upstream.name = "postgres";
  upstream.balance = "round_robin";
  upstream.queue_size = 1024;
  BackendSnapshot backend;
  backend.name = "10.0.0.5:5432";
  backend.entry = "db:5432";
  backend.state = BackendState::drained;
  backend.since = began;
  backend.why = "an operator said so";
  backend.share = std::numeric_limits<double>::quiet_NaN();
  backend.connect_failures = {{"ECONNREFUSED", 2}};
  backend.checks_passed = 1800;
  upstream.backends = {backend};
  now.upstreams = {upstream};
  EXPECT_EQ(get("/api/v1/status"), json::parse(R"({
    "time": "2026-01-31T12:00:00.123Z", "version": ")" +
                                               std::string(get("/api/v1/status").at("version").as_string()) +
                                               R"(", "ready": true, "draining": false,
    "uptime_seconds": 3600.123, "connections": {"active": 12, "limit": 9981},
    "process": {"pid": 4711, "started": "2026-01-31T11:00:00.000Z",
      "config": {"file": "/etc/weir/weir.yaml", "hash": "8c1f0a2b9d3e4f56", "loaded": "2026-01-31T11:00:00.000Z"},
      "cpu_seconds": 12.5, "resident_bytes": 1234, "descriptors": {"used": 40, "limit": 20000},
      "lost": {"log_lines": 1, "records": 2}},
    "workers": [{"worker": 0, "busy_ratio": 0.12, "connections": 6, "loop_lag_seconds": 0.00004, "pipes": 1}],
    "listeners": [{"name": "db", "service": "proxy", "upstream": "postgres", "bound": ["127.0.0.1:5433"],
      "drained": false, "accepted": 100, "active": 12, "ended": {"client_closed": 80}, "bytes_in": 1000, "bytes_out": 2000,
      "duration": {"count": 10, "p50_seconds": 0.5, "p90_seconds": 0.5, "p99_seconds": null},
      "accept_errors": {"ENFILE": 2}, "refusals": {"rules": 3},
      "faults": {"active": 2, "left_seconds": 540.25, "met": {"latency": 17}}}],
    "upstreams": [{"name": "postgres", "balance": "round_robin", "waiting": 0, "queue_size": 1024,
      "queue_wait": {"count": 0, "p50_seconds": null, "p90_seconds": null, "p99_seconds": null},
      "backends": [{"name": "10.0.0.5:5432", "entry": "db:5432", "state": "drained",
        "since": "2026-01-31T11:00:00.000Z", "why": "an operator said so", "healthy": true, "backup": false,
        "weight": 1, "share": null, "active": 0, "max_connections": 0, "connects": 0,
        "connect_failures": {"ECONNREFUSED": 2}, "bytes_to": 0, "bytes_from": 0,
        "checks": {"passed": 1800, "failed": 0}, "ejections": 0,
        "connect": {"count": 0, "p50_seconds": null, "p90_seconds": null, "p99_seconds": null}}]}]
  })"));
}

TEST_F(ApiTest, StatusSaysNullWhereThereIsNothing) {
  daemon.now.listeners.emplace_back();
  const json::value status = get("/api/v1/status");
  EXPECT_TRUE(status.at("connections").at("limit").is_null());
  EXPECT_TRUE(status.at("process").at("config").at("file").is_null());
  EXPECT_TRUE(status.at("listeners").at(0).at("upstream").is_null());
  EXPECT_TRUE(status.at("listeners").at(0).at("faults").is_null());
}

TEST_F(ApiTest, NumbersAreInTheirShortestForm) {
  daemon.now.process.cpu_seconds = 12.5;
  EXPECT_THAT(ask(verb::get, "/api/v1/status").body, HasSubstr("\"cpu_seconds\":12.5,"));
}

TEST_F(ApiTest, HistoryHasItsStep) {
  EXPECT_EQ(get("/api/v1/history"), json::parse(R"({"step_seconds": 5, "steps": []})"));
}

TEST_F(ApiTest, ConnectionsAreThoseThatTheQueryAsksFor) {
  LiveConnection connection;
  connection.id = 4711;
  connection.listener = "db";
  connection.client = ClientAddress(weir::Endpoint::unix_path("/peer"));
  connection.upstream = "postgres";
  connection.backend = shared("10.0.0.5:5432");
  connection.tls = {.version = "TLSv1.3", .sni = "db.example"};
  connection.stage = ConnectionStage::half_closed;
  connection.rate_in = 10.5;
  connection.age = 60s;
  connection.idle = 12ms;
  connection.connect_time = std::chrono::microseconds(400);
  connection.attempts = 1;
  connection.rtt_us = 120;
  connection.slow_side = "client";
  connection.faults = std::make_shared<const FaultFacts>(FaultFacts{.number = 17, .names = {"slow", "cut"}});
  daemon.page = {{connection, LiveConnection()}, 2, 12};
  const json::value found =
      get("/api/v1/connections?listener=db&upstream=post%67res&backend=unix:%2Frun%2Fx&source=10.0.0.0/8&min_age=30s&"
          "min_idle=1.5s&min_rate=1MiB&slow=1&sort=rtt&order=asc&limit=1000&offset=7");
  EXPECT_EQ(found.at("total"), 12);
  EXPECT_EQ(found.at("matched"), 2);
  EXPECT_EQ(found.at("limit"), 1000);
  EXPECT_EQ(found.at("offset"), 7);
  EXPECT_EQ(found.at("connections").at(0), json::parse(R"({
    "id": 4711, "listener": "db", "upstream": "postgres", "backend": "10.0.0.5:5432", "client": "unix:",
    "proxied_client": null, "tls": {"version": "TLSv1.3", "sni": "db.example"}, "stage": "half_closed", "worker": 0, "bytes_in": 0, "bytes_out": 0, "rate_in": 10.5,
    "rate_out": null, "age_ms": 60000, "idle_ms": 12, "connect_ms": 0.4, "attempts": 1, "rtt_us": 120,
    "retransmits": null, "kept_for_client": 0, "kept_for_backend": 0, "slow_side": "client",
    "faults": {"number": 17, "names": ["slow", "cut"]}})"));
  EXPECT_TRUE(found.at("connections").at(1).at("faults").is_null());
  EXPECT_TRUE(found.at("connections").at(1).at("backend").is_null());
  EXPECT_TRUE(found.at("connections").at(1).at("upstream").is_null());
  EXPECT_TRUE(found.at("connections").at(1).at("tls").is_null());
  ASSERT_EQ(daemon.queries.size(), 1u);
  const ConnectionQuery& query = daemon.queries[0];
  EXPECT_EQ(query.listener, "db");
  EXPECT_EQ(query.upstream, "postgres");
  EXPECT_EQ(query.backend, "unix:/run/x");
  EXPECT_EQ(query.source, "10.0.0.0/8");
  EXPECT_EQ(query.min_age, 30s);
  EXPECT_EQ(query.min_idle, 1500ms);
  EXPECT_EQ(query.min_rate, 1024.0 * 1024);
  EXPECT_TRUE(query.slow);
  EXPECT_EQ(query.sort, ConnectionQuery::Sort::rtt);
  EXPECT_TRUE(query.ascending);
  EXPECT_EQ(query.limit, 1000u);
  EXPECT_EQ(query.offset, 7u);
}

TEST_F(ApiTest, AQueryThatSaysNothingHasTheDocumentedDefaults) {
  get("/api/v1/connections?");
  ASSERT_EQ(daemon.queries.size(), 1u);
  EXPECT_EQ(daemon.queries[0].limit, 100u);
  EXPECT_EQ(daemon.queries[0].sort, ConnectionQuery::Sort::id);
  EXPECT_FALSE(daemon.queries[0].ascending);
  EXPECT_FALSE(daemon.queries[0].slow);
}

TEST_F(ApiTest, AWrongParameterIsNamedWithWhatWouldBeRight) {
  const auto problem = [&](const std::string& query) { return error(verb::get, "/api/v1/connections?" + query, 400); };
  EXPECT_EQ(problem("listner=db"), "there is no parameter \"listner\" here; did you mean \"listener\"?");
  EXPECT_EQ(problem("limit=1&limit=2"), "the parameter limit appears twice; write it once");
  EXPECT_EQ(problem("limit=1001"), "the parameter limit is \"1001\"; write a whole number from 1 to 1000");
  EXPECT_THAT(problem("limit=0"), HasSubstr("write a whole number"));
  EXPECT_THAT(problem("limit="), HasSubstr("write a whole number"));
  EXPECT_THAT(problem("limit"), HasSubstr("write a whole number"));
  EXPECT_THAT(problem("limit=1x"), HasSubstr("write a whole number"));
  EXPECT_THAT(problem("offset=-1"), HasSubstr("write a whole number from 0"));
  EXPECT_EQ(problem("slow=yes"), "the parameter slow is \"yes\"; write 1 or 0");
  EXPECT_THAT(problem("min_age=30"), HasSubstr("the parameter min_age is wrong: "));
  EXPECT_THAT(problem("min_rate=fast"), HasSubstr("the parameter min_rate is wrong: "));
  EXPECT_THAT(problem("source=db"), HasSubstr("write an address or a range such as 10.0.0.0/8"));
  EXPECT_EQ(problem("sort=bites"), "the parameter sort is \"bites\"; did you mean \"bytes\"?");
  EXPECT_EQ(problem("order=up"), "the parameter order is \"up\"; write asc or desc");
  EXPECT_THAT(problem("listener=%"), HasSubstr("has a % without two hex digits"));
  EXPECT_THAT(problem("listener=%zz"), HasSubstr("has a % without two hex digits"));
  EXPECT_THAT(daemon.queries, IsEmpty());
  EXPECT_EQ(error(verb::get, "/api/v1/status?x=1", 400), "there is no parameter \"x\" here; this takes none");
  EXPECT_THAT(error(verb::post, "/api/v1/drain?now=1", 400), HasSubstr("\"now\""));
  EXPECT_THAT(daemon.done, IsEmpty());
}

TEST_F(ApiTest, SourcesAreAsManyAsAskedFor) {
  daemon.most.assign(20, {"192.0.2.1", 6, 1, 2});
  EXPECT_EQ(get("/api/v1/sources").at("sources").as_array().size(), 10u);
  EXPECT_EQ(get("/api/v1/sources?limit=1"),
            json::parse(R"({"sources": [{"source": "192.0.2.1", "connections": 6, "bytes_in": 1, "bytes_out": 2}]})"));
}

TEST_F(ApiTest, RecordsHaveTheKeysOfTheLogAndSayWhetherTheyFailed) {
  SessionRecord record;
  record.listener = shared("db");
  record.end = SessionEnd::client_closed;
  SessionRecord failed = record;
  failed.end = SessionEnd::server_reset;
  daemon.records = {record, failed};
  const json::value found = get("/api/v1/records");
  ASSERT_EQ(found.at("records").as_array().size(), 2u);
  json::value expected = json::parse(to_json(record));
  expected.as_object()["failed"] = false;
  EXPECT_EQ(found.at("records").at(0), expected);
  EXPECT_EQ(found.at("records").at(1).at("failed"), true);
  EXPECT_EQ(get("/api/v1/records?failed=1&limit=1").at("records").at(0).at("end"), "server_reset");
  daemon.records.clear();
  EXPECT_EQ(get("/api/v1/records"), json::parse(R"({"records": []})"));
}

TEST_F(ApiTest, ActsOnBackendsWhoseNamesMayHoldAnything) {
  EXPECT_EQ(ask(verb::post, "/api/v1/backends/db/10.0.0.5:5432/drain").body, "{\"result\":\"done\"}\n");
  ask(verb::post, "/api/v1/backends/db/%5B::1%5D:5432/enable");
  ask(verb::post, "/api/v1/backends/db/unix:%2Frun%2fx.sock/drain", "{}");
  EXPECT_THAT(daemon.done, ElementsAre("drain db 10.0.0.5:5432", "enable db [::1]:5432", "drain db unix:/run/x.sock"));
  daemon.change = Change::already;
  EXPECT_EQ(ask(verb::post, "/api/v1/backends/db/a:1/drain").body, "{\"result\":\"already\"}\n");
  daemon.change = Change::not_found;
  EXPECT_EQ(error(verb::post, "/api/v1/backends/d%00b/a:1/drain", 404),
            "no upstream \"d\\x00b\" has a backend \"a:1\"; /api/v1/status names them all");
}

TEST_F(ApiTest, DrainsAndEnablesListeners) {
  EXPECT_EQ(ask(verb::post, "/api/v1/listeners/db/drain").body, "{\"result\":\"done\"}\n");
  daemon.change = Change::already;
  EXPECT_EQ(ask(verb::post, "/api/v1/listeners/a%2Fb/enable").body, "{\"result\":\"already\"}\n");
  EXPECT_THAT(daemon.done, ElementsAre("drain listener db", "enable listener a/b"));
  daemon.change = Change::not_found;
  EXPECT_EQ(error(verb::post, "/api/v1/listeners/x/drain", 404),
            "there is no listener \"x\"; /api/v1/status names them all");
  daemon.conflict = "listener db stays drained";
  EXPECT_EQ(error(verb::post, "/api/v1/listeners/db/enable", 409), "listener db stays drained");
}

/// What docs/api.md shows.
FaultsSnapshot documented_faults() {
  faults::Fault slow;
  slow.name = "slow";
  slow.percent = 20;
  slow.duration = 10min;
  slow.kind = faults::Latency{.delay = 50ms, .jitter = 10ms};
  FaultSnapshot on{.fault = std::make_shared<const faults::Fault>(slow),
                   .since = std::chrono::sys_days(std::chrono::year(2026) / 1 / 31) + 12h,
                   .left = 540'250ms,
                   .who = "127.0.0.1:4711 through the admin endpoint"};
  return {42, false, 1h, 100, {{"db", {on}}}};
}

TEST_F(ApiTest, FaultsAreShownAsTheyAreDocumented) {
  daemon.on = documented_faults();
  ListenerSnapshot listener;
  listener.name = "db";
  listener.faults = {.active = 1, .met = {{"latency", 17}, {"reset", 0}}};
  daemon.now.listeners = {listener};
  EXPECT_EQ(get("/api/v1/faults"), test::documented_answer("Faults"));
  daemon.on->max_for = 0ms;
  daemon.on->listeners[0].faults[0].left.reset();
  EXPECT_TRUE(get("/api/v1/faults").at("max_for_seconds").is_null());
  EXPECT_TRUE(get("/api/v1/faults").at("listeners").at(0).at("faults").at(0).at("left_seconds").is_null());
}

TEST_F(ApiTest, SetsAFaultAndShowsIt) {
  daemon.on = documented_faults();
  const std::string body = R"({"name": "slow", "for": "10m", "latency": {"delay": "50ms"}})";
  const Reply reply = ask(verb::post, "/api/v1/listeners/db/faults", body);
  EXPECT_EQ(reply.status, 200u);
  EXPECT_EQ(json::parse(reply.body).at("result"), "done");
  EXPECT_EQ(json::parse(reply.body).at("fault"),
            test::documented_answer("Faults").at("listeners").at(0).at("faults").at(0));
  EXPECT_THAT(daemon.done, ElementsAre("set slow of db by 127.0.0.1:4711 through the admin endpoint"));
  ASSERT_EQ(daemon.faults_set.size(), 1u);
  EXPECT_EQ(daemon.faults_set[0].kind, faults::Kind(faults::Latency{.delay = 50ms}));
}

TEST_F(ApiTest, AFaultThatIsNoneIsNotSet) {
  daemon.on = documented_faults();
  const auto problem = [&](const std::string& body) {
    return error(verb::post, "/api/v1/listeners/db/faults", 400, body);
  };
  EXPECT_THAT(problem(""), HasSubstr("the body is no JSON; write {"));
  EXPECT_THAT(problem("[]"), HasSubstr("is not an object"));
  EXPECT_THAT(problem(R"({"name": "x", "latncy": {}})"), HasSubstr("did you mean \"latency\"?"));
  EXPECT_THAT(problem(R"({"name": "x", "latency": {"delay": 50}})"), HasSubstr("latency.delay: "));
  EXPECT_THAT(daemon.done, IsEmpty());
}

TEST_F(ApiTest, AFaultThatTheConfigurationDoesNotAllowIsAConflict) {
  daemon.on = documented_faults();
  daemon.refusal = "percent: 80 is more than the configuration allows";
  EXPECT_EQ(error(verb::post, "/api/v1/listeners/db/faults", 409, R"({"name": "x", "refuse": {}})"), daemon.refusal);
}

TEST_F(ApiTest, TakesFaultsAway) {
  daemon.on = documented_faults();
  EXPECT_EQ(ask(verb::delete_, "/api/v1/listeners/db/faults/slow").body, "{\"result\":\"done\"}\n");
  EXPECT_EQ(ask(verb::delete_, "/api/v1/listeners/db/faults").body, "{\"result\":\"done\"}\n");
  daemon.change = Change::already;
  EXPECT_EQ(ask(verb::delete_, "/api/v1/faults").body, "{\"result\":\"already\"}\n");
  EXPECT_THAT(daemon.done, ElementsAre("remove slow of db by 127.0.0.1:4711 through the admin endpoint",
                                       "clear db by 127.0.0.1:4711 through the admin endpoint",
                                       "clear all by 127.0.0.1:4711 through the admin endpoint"));
}

TEST_F(ApiTest, FaultsThatAreNotThereAreNotFound) {
  daemon.on = documented_faults();
  daemon.change = Change::not_found;
  EXPECT_EQ(error(verb::delete_, "/api/v1/listeners/db/faults/cut", 404),
            "listener \"db\" has no fault \"cut\"; /api/v1/faults names those that are on");
  const std::string none = "there is no listener \"x\"; /api/v1/faults names them all";
  EXPECT_EQ(error(verb::delete_, "/api/v1/listeners/x/faults/cut", 404), none);
  EXPECT_EQ(error(verb::delete_, "/api/v1/listeners/x/faults", 404), none);
  EXPECT_EQ(error(verb::post, "/api/v1/listeners/x/faults", 404, R"({"name": "x", "refuse": {}})"), none);
}

TEST_F(ApiTest, WithoutASectionFaultsEveryPathOfThemSaysHowToTurnThemOn) {
  for (const auto& [method, path] : {std::pair(verb::get, "/api/v1/faults"),
                                     {verb::delete_, "/api/v1/faults"},
                                     {verb::post, "/api/v1/listeners/db/faults"},
                                     {verb::delete_, "/api/v1/listeners/db/faults"},
                                     {verb::delete_, "/api/v1/listeners/db/faults/slow"}}) {
    EXPECT_THAT(error(method, path, 404, "{}"), HasSubstr("write faults: {} into it")) << path;
  }
  EXPECT_THAT(daemon.done, IsEmpty());
}

TEST_F(ApiTest, EndsOneConnection) {
  EXPECT_EQ(ask(verb::delete_, "/api/v1/connections/4711").body, "{\"result\":\"done\"}\n");
  EXPECT_THAT(daemon.done, ElementsAre("kill 4711"));
  daemon.change = Change::not_found;
  EXPECT_EQ(error(verb::delete_, "/api/v1/connections/5", 404), "no connection has the id 5");
  for (const char* wrong : {"x", "-1", "", "5x", "99999999999999999999"}) {
    EXPECT_THAT(error(verb::delete_, std::string("/api/v1/connections/") + wrong, 400),
                HasSubstr("is not the id of a connection"));
  }
}

TEST_F(ApiTest, DrainsTheDaemon) {
  EXPECT_EQ(ask(verb::post, "/api/v1/drain").body, "{\"result\":\"done\"}\n");
  daemon.change = Change::already;
  EXPECT_EQ(ask(verb::post, "/api/v1/drain").body, "{\"result\":\"already\"}\n");
}

/// Of the daemon of docs/api.md.
ConfigDiff documented_diff() {
  ConfigDiff diff;
  diff.listeners = {{"db", ItemChange::changed, {{"timeouts.idle", "10m", "1h"}}, {}, {}},
                    {"old", ItemChange::removed, {}, {}, {"127.0.0.1:7002"}}};
  diff.upstreams = {{"postgres",
                     ItemChange::changed,
                     {{"bind_source", "", "", {"10.0.0.2"}, {}}},
                     {{"10.0.0.5:5432", 0, ItemChange::removed, {}}}}};
  diff.process = {{"log.level", "info", "debug"}};
  return diff;
}

void count_connections(ServerSnapshot& now) {
  now.listeners.resize(2);
  now.listeners[0].name = "db";
  now.listeners[0].active = 12;
  now.listeners[1].name = "old";
  now.upstreams.resize(1);
  now.upstreams[0].name = "postgres";
  now.upstreams[0].backends.resize(2);
  for (BackendSnapshot& backend : now.upstreams[0].backends) {
    backend.entry = "10.0.0.5:5432";
    backend.active = 3;
  }
}

TEST_F(ApiTest, ReloadsAndSaysWhatChangedAsItIsDocumented) {
  count_connections(daemon.now);
  daemon.reloaded = {Reload::Result::applied, documented_diff(), {}};
  const Reply reply = ask(verb::post, "/api/v1/reload");
  EXPECT_EQ(reply.status, 200u);
  EXPECT_EQ(json::parse(reply.body), test::documented_answer("Reload"));
  EXPECT_THAT(daemon.done, ElementsAre("reload"));
  daemon.reloaded = {Reload::Result::unchanged, {}, {}};
  EXPECT_EQ(json::parse(ask(verb::post, "/api/v1/reload").body).at("result"), "unchanged");
}

TEST_F(ApiTest, SaysWhatAReloadWouldDo) {
  daemon.reloaded = {Reload::Result::applied, documented_diff(), {}};
  const Reply reply = ask(verb::post, "/api/v1/reload?dry_run=1");
  EXPECT_EQ(reply.status, 200u);
  EXPECT_EQ(json::parse(reply.body).at("result"), "would_apply");
  EXPECT_THAT(daemon.done, ElementsAre("reload dry_run"));
  EXPECT_EQ(ask(verb::post, "/api/v1/reload?dry_run=0").status, 200u);
  EXPECT_EQ(daemon.done.back(), "reload");
  for (const char* wrong : {"dry_run=yes", "dry_run", "dryrun=1", "dry_run=1&dry_run=1"}) {
    EXPECT_EQ(ask(verb::post, std::string("/api/v1/reload?") + wrong).status, 400u) << wrong;
  }
  EXPECT_EQ(ask(verb::get, "/api/v1/reload").status, 405u);
  EXPECT_EQ(daemon.done.size(), 2u);
}

TEST_F(ApiTest, ARefusedReloadSaysWhy) {
  daemon.reloaded = {Reload::Result::refused, {}, {"weir.yaml:1:1: a: unknown key", "weir.yaml:2:1: b: unknown key"}};
  for (const char* path : {"/api/v1/reload", "/api/v1/reload?dry_run=1"}) {
    const Reply reply = ask(verb::post, path);
    EXPECT_EQ(reply.status, 409u);
    const json::value answer = json::parse(reply.body);
    EXPECT_THAT(std::string(answer.at("error").as_string()), HasSubstr("nothing has changed"));
    EXPECT_EQ(answer.at("problems"),
              json::parse(R"(["weir.yaml:1:1: a: unknown key", "weir.yaml:2:1: b: unknown key"])"));
  }
  daemon.reloaded = {Reload::Result::refused, {}, {}};
  daemon.reloaded.diff.refused = {{{"workers", "2", "4"}, "restart or upgrade the daemon"}};
  const json::value answer = json::parse(ask(verb::post, "/api/v1/reload").body);
  EXPECT_EQ(answer.at("problems").at(0), "workers: 2 -> 4 cannot change while it runs; restart or upgrade the daemon");
  EXPECT_EQ(answer.at("changes").at("refused").at(0).at("key"), "workers");
}

TEST_F(ApiTest, UpgradesAndSaysWhichProcessServes) {
  const Reply reply = ask(verb::post, "/api/v1/upgrade");
  EXPECT_EQ(reply.status, 200u);
  EXPECT_EQ(json::parse(reply.body), json::parse(R"({"result": "upgraded", "pid": 4711})"));
  EXPECT_THAT(daemon.done, ElementsAre("upgrade"));
  EXPECT_EQ(ask(verb::post, "/api/v1/upgrade?now=1").status, 400u);
  EXPECT_EQ(ask(verb::get, "/api/v1/upgrade").status, 405u);
  EXPECT_EQ(daemon.done.size(), 1u);
}

TEST_F(ApiTest, AnUpgradeThatFailsSaysWhy) {
  daemon.upgraded = {0, {"weir.yaml:1:1: a: unknown key", "another"}};
  const Reply reply = ask(verb::post, "/api/v1/upgrade");
  EXPECT_EQ(reply.status, 409u);
  const json::value answer = json::parse(reply.body);
  EXPECT_EQ(answer.at("problems"), json::parse(R"(["weir.yaml:1:1: a: unknown key", "another"])"));
  EXPECT_THAT(std::string(answer.at("error").as_string()), HasSubstr("what ran before goes on"));
}

TEST_F(ApiTest, SetsTheLogLevel) {
  EXPECT_EQ(get("/api/v1/log/level"), json::parse(R"({"level": "info"})"));
  EXPECT_EQ(ask(verb::put, "/api/v1/log/level", R"({"level": "debug"})").body, "{\"result\":\"done\"}\n");
  EXPECT_EQ(daemon.level, LogLevel::debug);
  EXPECT_EQ(ask(verb::put, "/api/v1/log/level", R"({"level": "debug"})").body, "{\"result\":\"already\"}\n");
  EXPECT_EQ(ask(verb::put, "/api/v1/log/level", R"({"level": "off"})").status, 200u);
  for (const char* wrong : {"", "debug", "\"debug\"", "{}", "{\"level\": 1}", "{\"level\": \"loud\"}", "[]",
                            "{\"level\": \"debug\", \"x\": 1}", "{\"level\": \"debug\"} x"}) {
    EXPECT_THAT(error(verb::put, "/api/v1/log/level", 400, wrong),
                HasSubstr("the levels are trace, debug, info, warning, error or off"));
  }
  EXPECT_EQ(daemon.level, LogLevel::off);
}

TEST_F(ApiTest, UnknownPathsAndMethodsAreSaidToBe) {
  for (const char* path :
       {"/nothing", "/api/v1", "/api/v1/status/", "//", "/api/v1/backends/a/b/c/drain", "/api/v1/backends/a/drain",
        "/metrics/x", "/API/v1/status", "/api/v1/backends/a/b%2Fdrain"}) {
    EXPECT_EQ(ask(verb::get, path).status, 404u) << path;
  }
  EXPECT_EQ(ask(verb::post, "/api/v1/nothing").status, 404u);
  const auto allowed = [&](verb method, const char* path) {
    const Reply reply = ask(method, path);
    EXPECT_EQ(reply.status, 405u);
    return reply.headers.empty() ? "" : reply.headers[0].second;
  };
  EXPECT_EQ(allowed(verb::post, "/api/v1/status"), "GET, HEAD");
  EXPECT_EQ(allowed(verb::get, "/api/v1/drain"), "POST");
  EXPECT_EQ(allowed(verb::head, "/api/v1/connections/5"), "DELETE");
  EXPECT_EQ(allowed(verb::delete_, "/api/v1/log/level"), "GET, HEAD, PUT");
  EXPECT_EQ(allowed(verb::options, "/"), "GET, HEAD");
  EXPECT_EQ(ask(verb::get, "http://localhost/healthz").status, 400u);
  EXPECT_EQ(ask(verb::options, "*").status, 400u);
  EXPECT_THAT(daemon.done, IsEmpty());
}

TEST_F(ApiTest, AsksTheGuardItself) {
  Request request(verb::post, "/api/v1/drain", 11);
  request.set(http::field::host, "localhost");
  EXPECT_EQ(send(request).status, 415u);
  request.set(http::field::content_type, "application/json");
  EXPECT_EQ(send(request, From::elsewhere).status, 403u);
  EXPECT_THAT(daemon.done, IsEmpty());
  EXPECT_EQ(send(request).status, 200u);
}

TEST(ReplyHead, SaysWhatEveryReplySays) {
  Reply reply = json_reply(200, {{"a", nullptr}});
  reply.headers.emplace_back("Allow", "GET");
  const std::string head = head_of(reply, true);
  EXPECT_THAT(head, testing::StartsWith("HTTP/1.1 200 OK\r\nDate: "));
  EXPECT_THAT(head, testing::EndsWith(" GMT\r\nContent-Type: application/json\r\nContent-Length: 11\r\n"
                                      "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
                                      "Connection: keep-alive\r\nAllow: GET\r\n\r\n"));
  EXPECT_THAT(head_of(error_reply(431, ""), false), HasSubstr("HTTP/1.1 431 Request Header Fields Too Large\r\n"));
  EXPECT_THAT(head_of(reply, false), HasSubstr("Connection: close\r\n"));
}

}  // namespace
}  // namespace weir::admin
