#include "server/admin/guard.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace weir::admin {
namespace {

using From = Caller::From;
using http::verb;
using ::testing::HasSubstr;

/// A request that is well in every way; each test spoils one thing.
RequestHead request(verb method, std::string_view target = "/api/v1/drain") {
  RequestHead head;
  head.version(11);
  head.method(method);
  head.target(target);
  head.set(http::field::host, "127.0.0.1:9900");
  if (method != verb::get) head.set(http::field::content_type, "application/json");
  return head;
}

class Guard : public testing::Test {
 protected:
  /// The status that it is refused with; 200 where it is not.
  unsigned status(From from, const RequestHead& head) {
    reply = refuse({from, "peer"}, head, config, [&](std::string_view offered) {
      return TokenCheck{problem.empty() && offered == "secret", problem};
    });
    return reply ? reply->status : 200;
  }
  RequestHead with_token(RequestHead head, std::string_view token = "Bearer secret") {
    head.set(http::field::authorization, token);
    return head;
  }

  AdminConfig config;
  std::string problem;  ///< of the token's file
  std::optional<Reply> reply;
};

TEST_F(Guard, LoopbackAndUnixSocketsMayReadAndActWithoutAToken) {
  config.token_file = "/token";
  config.read_token = true;
  for (const From from : {From::loopback, From::unix_socket}) {
    for (const verb method : {verb::get, verb::head, verb::post, verb::put, verb::delete_}) {
      EXPECT_EQ(status(from, request(method)), 200u);
    }
  }
}

TEST_F(Guard, ActingFromElsewhereIsRefusedWhereThereIsNoToken) {
  EXPECT_EQ(status(From::elsewhere, request(verb::get)), 200u);
  for (const verb method : {verb::post, verb::put, verb::delete_, verb::patch, verb::options}) {
    EXPECT_EQ(status(From::elsewhere, with_token(request(method))), 403u);
    EXPECT_THAT(reply->body, HasSubstr("set admin.token_file"));
  }
}

TEST_F(Guard, ActingFromElsewhereNeedsTheToken) {
  config.token_file = "/token";
  EXPECT_EQ(status(From::elsewhere, with_token(request(verb::post))), 200u);
  EXPECT_EQ(status(From::elsewhere, with_token(request(verb::post), "bearer secret")), 200u);
  EXPECT_EQ(status(From::elsewhere, request(verb::get)), 200u);
  EXPECT_EQ(status(From::elsewhere, request(verb::post)), 401u);
  EXPECT_THAT(reply->headers, testing::Contains(testing::Pair("WWW-Authenticate", "Bearer")));
  for (const char* wrong : {"Bearer other", "Bearer  secret", "Bearer", "secret", "Basic secret", ""}) {
    EXPECT_EQ(status(From::elsewhere, with_token(request(verb::post), wrong)), 401u) << wrong;
  }
  RequestHead twice = with_token(request(verb::post));
  twice.insert(http::field::authorization, "Bearer secret");
  EXPECT_EQ(status(From::elsewhere, twice), 401u);
}

TEST_F(Guard, ReadingFromElsewhereNeedsTheTokenWhereTheConfigurationSaysSo) {
  config.token_file = "/token";
  config.read_token = true;
  EXPECT_EQ(status(From::elsewhere, request(verb::get, "/metrics")), 401u);
  EXPECT_EQ(status(From::elsewhere, request(verb::head, "/metrics")), 401u);
  EXPECT_EQ(status(From::elsewhere, with_token(request(verb::get, "/metrics"))), 200u);
  for (const char* probe : {"/healthz", "/readyz", "/readyz?x=1", "/"}) {
    EXPECT_EQ(status(From::elsewhere, request(verb::get, probe)), 200u);
    EXPECT_EQ(status(From::elsewhere, request(verb::post, probe)), 401u);
  }
  EXPECT_EQ(status(From::elsewhere, request(verb::get, "/healthz/")), 401u);
}

TEST_F(Guard, ATokenFileThatCannotBeUsedIsNoTokenAtAll) {
  config.token_file = "/token";
  problem = "it is open to others";
  EXPECT_EQ(status(From::elsewhere, with_token(request(verb::post))), 503u);
  EXPECT_THAT(reply->body, HasSubstr("it is open to others"));
  EXPECT_EQ(status(From::loopback, request(verb::post)), 200u);
}

TEST_F(Guard, ARequestCallsTheEndpointByANameThatIsItsOwn) {
  config.hosts = {"weir.internal", "db."};
  const auto with_host = [&](std::string_view host) {
    RequestHead head = request(verb::get, "/healthz");
    head.set(http::field::host, host);
    return status(From::loopback, head);
  };
  for (const char* own : {"localhost", "LOCALHOST:9900", "127.0.0.1", "[::1]", "[::1]:9900", "[fe80::1%eth0]:1",
                          "10.0.0.1:80", "weir.internal", "Weir.Internal:9900", "weir.internal.", "db", "localhost:"}) {
    EXPECT_EQ(with_host(own), 200u) << own;
  }
  for (const char* foreign : {"evil.example", "evil.example:9900", "localhost.evil.example", "weir.internal.evil", "",
                              ":9900", "[::1", "[::1]x", "[evil.example]", "127.0.0.1:80:80", "127.0.0.1.evil",
                              "127.0.0.1@evil", "localhost:x", ".", "127.1", "0x7f000001"}) {
    EXPECT_EQ(with_host(foreign), 421u) << foreign;
  }
  EXPECT_THAT(reply->body, HasSubstr("admin.hosts"));
}

TEST_F(Guard, AUnixSocketMayBeCalledByAnyName) {
  RequestHead head = request(verb::get);
  head.set(http::field::host, "whatever");
  EXPECT_EQ(status(From::unix_socket, head), 200u);
}

TEST_F(Guard, HostStandsExactlyOnce) {
  RequestHead head = request(verb::get);
  head.insert(http::field::host, "127.0.0.1:9900");
  EXPECT_EQ(status(From::loopback, head), 400u);
  EXPECT_EQ(status(From::unix_socket, head), 400u);
  head.erase(http::field::host);
  EXPECT_EQ(status(From::unix_socket, head), 400u);
  head.version(10);
  EXPECT_EQ(status(From::loopback, head), 200u);
}

TEST_F(Guard, WhatActsBringsJson) {
  for (const char* right : {"application/json", "Application/JSON; charset=utf-8", "application/json ;x=y"}) {
    RequestHead head = request(verb::post);
    head.set(http::field::content_type, right);
    EXPECT_EQ(status(From::loopback, head), 200u) << right;
  }
  for (const char* wrong : {"text/plain", "application/json5", "text/plain; application/json", ""}) {
    RequestHead head = request(verb::put);
    head.set(http::field::content_type, wrong);
    EXPECT_EQ(status(From::loopback, head), 415u) << wrong;
  }
  RequestHead none = request(verb::delete_);
  none.erase(http::field::content_type);
  EXPECT_EQ(status(From::loopback, none), 415u);
}

TEST_F(Guard, PagesOfOtherSitesMayNotAct) {
  const auto from_page = [&](std::string_view origin) {
    RequestHead head = request(verb::post);
    head.set(http::field::origin, origin);
    return status(From::loopback, head);
  };
  EXPECT_EQ(from_page("http://127.0.0.1:9900"), 200u);
  EXPECT_EQ(from_page("https://127.0.0.1:9900"), 200u);
  for (const char* foreign :
       {"http://evil.example", "null", "", "http://127.0.0.1:9901", "http://127.0.0.1", "http://localhost:9900",
        "http://evil.127.0.0.1:9900", "127.0.0.1:9900", "http://127.0.0.1:9900/"}) {
    EXPECT_EQ(from_page(foreign), 403u) << foreign;
  }
  RequestHead crossing = request(verb::post);
  crossing.set("Sec-Fetch-Site", "cross-site");
  EXPECT_EQ(status(From::loopback, crossing), 403u);
  crossing.set("Sec-Fetch-Site", "same-origin");
  EXPECT_EQ(status(From::loopback, crossing), 200u);
  RequestHead twice = request(verb::post);
  twice.insert(http::field::origin, "http://127.0.0.1:9900");
  twice.insert(http::field::origin, "http://evil.example");
  EXPECT_EQ(status(From::loopback, twice), 403u);
}

TEST_F(Guard, PagesOfOtherSitesMaySendReadsWhoseAnswersTheyNeverSee) {
  RequestHead head = request(verb::get);
  head.set(http::field::origin, "http://evil.example");
  EXPECT_EQ(status(From::loopback, head), 200u);
}

}  // namespace
}  // namespace weir::admin
