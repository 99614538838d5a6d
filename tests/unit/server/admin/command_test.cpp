#include "server/admin/command.hpp"

#include <gmock/gmock.h>

#include <boost/json/serialize.hpp>

#include "server/admin/admin_target.hpp"
#include "tests/support/dead_ends.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/server/admin/documented_answers.hpp"
#include "tests/unit/server/admin/fake_endpoint.hpp"

namespace weir::admin {
namespace {

using test::FakeEndpoint;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

struct Result {
  int status;
  std::string out;
  std::string err;
};

Result run(const Command& command) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const int status = run_command(command, "/nowhere/weir.yaml");
  return {status, testing::internal::GetCapturedStdout(), testing::internal::GetCapturedStderr()};
}

Command command_for(const std::string& address, Command::Verb verb) {
  Command command;
  command.verb = verb;
  command.endpoint = parse_admin_target(address);
  return command;
}

std::string documented(const std::string& heading) {
  return FakeEndpoint::http(200, boost::json::serialize(test::documented_answer(heading)));
}

TEST(AdminCommand, StatusPutsFourAnswersTogether) {
  const FakeEndpoint endpoint(
      {{"GET /api/v1/status", documented("Status")},
       {"GET /api/v1/history", documented("History")},
       {"GET /api/v1/sources?limit=5", FakeEndpoint::http(200, boost::json::serialize(test::documented_sources()))},
       {"GET /api/v1/connections?slow=1&sort=kept&limit=1000",
        FakeEndpoint::http(200, R"({"matched": 1, "connections": [{"slow_side": "client"}]})")}});
  const Result result = run(command_for(endpoint.address(), Command::Verb::status));
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(StartsWith("weir 0.1.0, up 1h, ready\n"), HasSubstr("in the last 5s, 0 failed"),
                                HasSubstr("192.0.2.1"), HasSubstr("1 connection is held up by clients")));
}

TEST(AdminCommand, StatusNeedsTheStatusAlone) {
  const FakeEndpoint endpoint({{"GET /api/v1/status", documented("Status")}});
  const Result result = run(command_for(endpoint.address(), Command::Verb::status));
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, StartsWith("weir 0.1.0"));
}

TEST(AdminCommand, JsonIsWhatTheApiAnswers) {
  const FakeEndpoint endpoint({{"GET /api/v1/status", FakeEndpoint::http(200, "{\"new\": [1]}")},
                               {"GET /api/v1/connections?limit=3", FakeEndpoint::http(200, "{}\n")}});
  Command status = command_for(endpoint.address(), Command::Verb::status);
  status.json = true;
  EXPECT_EQ(run(status).out, "{\"new\":[1]}\n");
  Command connections = command_for(endpoint.address(), Command::Verb::connections);
  connections.json = true;
  connections.query = "?limit=3";
  EXPECT_EQ(run(connections).out, "{}\n");
}

TEST(AdminCommand, ConnectionsAreATable) {
  const FakeEndpoint endpoint({{"GET /api/v1/connections?slow=1", documented("Connections")}});
  Command command = command_for(endpoint.address(), Command::Verb::connections);
  command.query = "?slow=1";
  const Result result = run(command);
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(result.out, HasSubstr("4711  192.0.2.1:40000"));
}

TEST(AdminCommand, ChangesSayWhatCameOfThem) {
  const std::string done = FakeEndpoint::http(200, R"({"result": "done"})");
  const std::string already = FakeEndpoint::http(200, R"({"result": "already"})");
  const FakeEndpoint endpoint({{"DELETE /api/v1/connections/4711", done},
                               {"POST /api/v1/backends/my%20db/%5B::1%5D:5432/drain", done},
                               {"POST /api/v1/backends/my%20db/%5B::1%5D:5432/enable", already}});
  Command kill = command_for(endpoint.address(), Command::Verb::kill);
  kill.id = "4711";
  EXPECT_EQ(run(kill).out, "connection 4711 is ended\n");
  Command backend = command_for(endpoint.address(), Command::Verb::drain_backend);
  backend.upstream = "my db";
  backend.backend = "[::1]:5432";
  EXPECT_EQ(run(backend).out, "[::1]:5432 of my db gets no new connections and keeps those that it has\n");
  backend.verb = Command::Verb::enable_backend;
  EXPECT_EQ(run(backend).out, "[::1]:5432 of my db was not drained\n");
}

TEST(AdminCommand, DrainsAndEnablesListeners) {
  const FakeEndpoint endpoint(
      {{"POST /api/v1/listeners/my%20db/drain", FakeEndpoint::http(200, R"({"result": "done"})")},
       {"POST /api/v1/listeners/my%20db/enable", FakeEndpoint::http(409, R"({"error": "it stays drained"})")}});
  Command command = command_for(endpoint.address(), Command::Verb::drain_listener);
  command.listener = "my db";
  EXPECT_EQ(run(command).out, "listener my db refuses newcomers and keeps the connections that it has\n");
  command.verb = Command::Verb::enable_listener;
  EXPECT_EQ(run(command).status, 1);
}

TEST(AdminCommand, FaultsAreListedSetAndCleared) {
  const FakeEndpoint endpoint(
      {{"GET /api/v1/faults", documented("Faults")},
       {"POST /api/v1/listeners/my%20db/faults",
        FakeEndpoint::http(200, R"({"result": "done", "fault": {"name": "slow", "kind": "latency", "left_seconds": 600,
          "definition": {"direction": "downstream", "percent": 20, "for": "10m", "latency": {"delay": "50ms"}}}})")},
       {"DELETE /api/v1/listeners/db/faults/slow", FakeEndpoint::http(200, R"({"result": "done"})")},
       {"DELETE /api/v1/listeners/db/faults", FakeEndpoint::http(200, R"({"result": "done"})")},
       {"DELETE /api/v1/faults", FakeEndpoint::http(200, R"({"result": "already"})")}});
  EXPECT_THAT(run(command_for(endpoint.address(), Command::Verb::faults)).out, HasSubstr("latency delay=50ms"));
  Command set = command_for(endpoint.address(), Command::Verb::set_fault);
  set.listener = "my db";
  set.body = R"({"name": "slow"})";
  EXPECT_EQ(run(set).out, "listener my db: slow is on for 10m: latency delay=50ms, downstream, 20% of connections\n");
  EXPECT_THAT(endpoint.requests().back(), testing::EndsWith("\r\n\r\n{\"name\": \"slow\"}"));
  Command clear = command_for(endpoint.address(), Command::Verb::clear_faults);
  EXPECT_EQ(run(clear).out, "no faults were set\n");
  clear.listener = "db";
  EXPECT_EQ(run(clear).out, "listener db: all faults are off\n");
  clear.fault = "slow";
  EXPECT_EQ(run(clear).out, "listener db: slow is off\n");
  clear.fault = "cut";
  EXPECT_EQ(run(clear).status, 1);
  EXPECT_THAT(run(clear).err, StartsWith("weir faults clear: "));
}

TEST(AdminCommand, ARefusalIsNamedAndFails) {
  const FakeEndpoint endpoint(
      {{"DELETE /api/v1/connections/1", FakeEndpoint::http(404, "{\"error\": \"no \\u001b[2J such one\"}")},
       {"DELETE /api/v1/connections/2", FakeEndpoint::http(401, R"({"error": "a token is needed"})")},
       {"DELETE /api/v1/connections/3", FakeEndpoint::http(500, "<html>")},
       {"GET /api/v1/connections?source=x",
        FakeEndpoint::http(400, R"({"error": "source \"x\" is not an address"})")}});
  Command kill = command_for(endpoint.address(), Command::Verb::kill);
  kill.id = "1";
  EXPECT_EQ(run(kill).status, 1);
  EXPECT_EQ(run(kill).err, "weir kill: no \\x1b[2J such one\n");
  kill.id = "2";
  EXPECT_EQ(run(kill).err,
            "weir kill: a token is needed; name the token's file with --token-file or WEIR_ADMIN_TOKEN_FILE\n");
  kill.id = "3";
  EXPECT_THAT(run(kill).err, HasSubstr("with status 500 and no JSON; is it the admin endpoint of weir?"));
  Command connections = command_for(endpoint.address(), Command::Verb::connections);
  connections.query = "?source=x";
  EXPECT_EQ(run(connections).status, 2);
}

TEST(AdminCommand, ReloadSaysWhatCameOfIt) {
  const FakeEndpoint endpoint(
      {{"POST /api/v1/reload", FakeEndpoint::http(200, R"({"result": "applied", "text": "~ a: 1 -> 2\n"})")},
       {"POST /api/v1/reload?dry_run=1", FakeEndpoint::http(409, R"({"error": "refused", "problems": ["f: a"]})")}});
  Command command = command_for(endpoint.address(), Command::Verb::reload);
  const Result done = run(command);
  EXPECT_EQ(done.status, 0);
  EXPECT_EQ(done.out, "~ a: 1 -> 2\n");
  command.dry_run = true;
  const Result refused = run(command);
  EXPECT_EQ(refused.status, 1);
  EXPECT_EQ(refused.out, "");
  EXPECT_EQ(refused.err, "f: a\nweir reload: refused\n");
}

TEST(AdminCommand, UpgradeSaysWhoServesOrWhyItFailed) {
  const FakeEndpoint good(
      {{"POST /api/v1/upgrade", FakeEndpoint::http(200, R"({"result": "upgraded", "pid": 4711})")}});
  const Result done = run(command_for(good.address(), Command::Verb::upgrade));
  EXPECT_EQ(done.status, 0);
  EXPECT_EQ(done.out, "process 4711 serves; the one before drains\n");
  const FakeEndpoint bad({{"POST /api/v1/upgrade",
                           FakeEndpoint::http(409, R"({"error": "it failed", "problems": ["f: a", "g\u001b[2J"]})")}});
  const Result failed = run(command_for(bad.address(), Command::Verb::upgrade));
  EXPECT_EQ(failed.status, 1);
  EXPECT_EQ(failed.out, "");
  EXPECT_EQ(failed.err, "f: a\ng\\x1b[2J\nweir upgrade: it failed\n");
}

TEST(AdminCommand, ACheckThatFindsNobodySaysHowToNameTheDaemon) {
  const test::RefusedPort refused;
  testing::internal::CaptureStderr();
  EXPECT_EQ(run_check_diff(command_for(refused.address(), Command::Verb::status), ServerConfig(), "weir.yaml"), 1);
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              AllOf(StartsWith("weir check: cannot reach"), HasSubstr("ADMIN or WEIR_ADMIN")));
}

TEST(AdminCommand, NobodyThereFails) {
  const test::RefusedPort refused;
  const Result result = run(command_for(refused.address(), Command::Verb::status));
  EXPECT_EQ(result.status, 1);
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(result.err, StartsWith("weir status: cannot reach the admin endpoint at " + refused.address()));
}

TEST(AdminCommand, AnotherHttpServerIsToldApart) {
  const FakeEndpoint endpoint({{"GET /api/v1/status", FakeEndpoint::http(200, "<html>hello</html>")}});
  const Result result = run(command_for(endpoint.address(), Command::Verb::status));
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, HasSubstr("is it the admin endpoint of weir?"));
}

TEST(AdminCommand, TheTokenComesFromAFile) {
  const test::TempDir folder;
  const FakeEndpoint endpoint({{"GET /api/v1/status", documented("Status")}});
  Command command = command_for(endpoint.address(), Command::Verb::status);
  command.token_file = folder.write("token", "s3cret\n");
  EXPECT_EQ(run(command).status, 0);
  EXPECT_THAT(endpoint.requests(), testing::Each(HasSubstr("Authorization: Bearer s3cret\r\n")));
  command.token_file = folder.write("empty", "\n");
  EXPECT_THAT(run(command).err, HasSubstr("must hold one line, the token"));
  command.token_file = folder.write("two", "a\nb\n");
  EXPECT_THAT(run(command).err, HasSubstr("must hold one line, the token"));
  command.token_file = folder.file("missing");
  EXPECT_THAT(run(command).err, HasSubstr("No such file or directory"));
  EXPECT_EQ(run(command).status, 1);
}

}  // namespace
}  // namespace weir::admin
