#include "server/admin/client.hpp"

#include <gmock/gmock.h>

#include "server/admin/admin_target.hpp"
#include "tests/support/dead_ends.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/server/admin/fake_endpoint.hpp"

namespace weir::admin {
namespace {

using boost::beast::http::verb;
using test::FakeEndpoint;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string failure(const Client& client) {
  try {
    client.get("/x");
    return "answered";
  } catch (const Unreachable& error) {
    return error.what();
  }
}

TEST(AdminClient, ReturnsStatusAndBody) {
  const FakeEndpoint endpoint(
      {{"GET /api?a=b", FakeEndpoint::http(200, "{}")}, {"GET /busy", FakeEndpoint::http(503, "later")}});
  const Client client(parse_admin_target(endpoint.address()), "");
  const Answer answer = client.get("/api?a=b");
  EXPECT_EQ(answer.status, 200u);
  EXPECT_EQ(answer.body, "{}");
  EXPECT_EQ(client.get("/busy").status, 503u);
  EXPECT_EQ(client.get("/busy").body, "later");
  EXPECT_EQ(client.get("/other").status, 404u);
}

TEST(AdminClient, SendsWhatTheEndpointAsksFor) {
  const FakeEndpoint endpoint({{"POST /change", FakeEndpoint::http(200, "{}")}});
  const Client client(parse_admin_target(endpoint.address()), "secret");
  client.request(verb::post, "/change");
  client.get("/read");
  const std::vector<std::string> requests = endpoint.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_THAT(requests[0],
              AllOf(HasSubstr("Host: " + endpoint.address() + "\r\n"), HasSubstr("Authorization: Bearer secret\r\n"),
                    HasSubstr("Content-Type: application/json\r\n"), HasSubstr("Content-Length: 0\r\n")));
  EXPECT_THAT(requests[1], AllOf(HasSubstr("Authorization: Bearer secret\r\n"), Not(HasSubstr("Content-Type"))));
}

TEST(AdminClient, NoTokenIsSentWhereThereIsNone) {
  const FakeEndpoint endpoint({});
  Client(parse_admin_target(endpoint.address()), "").get("/");
  EXPECT_THAT(endpoint.requests().at(0), Not(HasSubstr("Authorization")));
}

TEST(AdminClient, ReachesAUnixSocket) {
  const test::TempDir folder;
  const FakeEndpoint endpoint({{"GET /x", FakeEndpoint::http(200, "here")}},
                              Endpoint::unix_path(folder.file("admin.sock")));
  const Client client(parse_admin_target("unix:" + folder.file("admin.sock")), "");
  EXPECT_EQ(client.get("/x").body, "here");
  EXPECT_THAT(endpoint.requests().at(0), HasSubstr("Host: localhost\r\n"));
}

TEST(AdminClient, SaysWhatToDoWhereNobodyListens) {
  const test::RefusedPort refused;
  EXPECT_EQ(
      failure(Client(parse_admin_target(refused.address()), "")),
      "cannot reach the admin endpoint at " + refused.address() +
          ": Connection refused; is weir running with an `admin:` section? name another with ADMIN or WEIR_ADMIN");
  EXPECT_THAT(failure(Client(parse_admin_target("unix:/nowhere/admin.sock"), "")),
              StartsWith("cannot reach the admin endpoint at unix:/nowhere/admin.sock: No such file or directory;"));
  EXPECT_THAT(failure(Client(parse_admin_target("no-such-host.invalid:1"), "")),
              HasSubstr("cannot resolve no-such-host.invalid"));
}

TEST(AdminClient, WaitsForNoAnswerForEver) {
  const test::FakeBackend silent(test::never_answers());
  const test::BlackHole hole;
  const std::chrono::milliseconds patience(200);
  EXPECT_EQ(failure(Client(parse_admin_target(silent.address()), "", patience)),
            "the admin endpoint at " + silent.address() + " gave no answer within 0.2 s");
  EXPECT_THAT(failure(Client(parse_admin_target(hole.address()), "", patience)), HasSubstr("Connection timed out"));
}

TEST(AdminClient, TellsThatSomethingElseAnswers) {
  const test::FakeBackend shouter([](test::Peer& client) {
    client.send_all("SSH-2.0-OpenSSH_9.2\r\n");
    client.receive_until_end();
    return test::Leave::close;
  });
  const test::FakeBackend closer([](test::Peer& client) {
    client.receive_exactly(1);
    return test::Leave::close;
  });
  EXPECT_THAT(failure(Client(parse_admin_target(shouter.address()), "")),
              HasSubstr("is it the admin endpoint of weir?"));
  EXPECT_THAT(failure(Client(parse_admin_target(closer.address()), "")),
              HasSubstr("is it the admin endpoint of weir?"));
}

TEST(AdminClient, EscapesWhatHasAMeaningInAPath) {
  EXPECT_EQ(percent_encoded("10.0.0.5:5432"), "10.0.0.5:5432");
  EXPECT_EQ(percent_encoded("[::1]:80"), "%5B::1%5D:80");
  EXPECT_EQ(percent_encoded("unix:/run/a b?c&d=e"), "unix:%2Frun%2Fa%20b%3Fc%26d%3De");
  EXPECT_EQ(percent_encoded("ü"), "%C3%BC");
}

}  // namespace
}  // namespace weir::admin
