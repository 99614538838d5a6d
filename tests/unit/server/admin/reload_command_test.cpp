#include "server/admin/reload_command.hpp"

#include <gmock/gmock.h>

#include <string>

#include "server/admin/admin_target.hpp"
#include "server/admin/ask.hpp"
#include "server/config/config_loader.hpp"
#include "tests/unit/server/admin/fake_endpoint.hpp"

namespace weir::admin {
namespace {

using test::FakeEndpoint;
using testing::HasSubstr;

Client client_for(const FakeEndpoint& endpoint) { return {parse_admin_target(endpoint.address()), ""}; }

Outcome reload_from(const std::string& reply, bool dry_run = false) {
  const FakeEndpoint endpoint({{dry_run ? "POST /api/v1/reload?dry_run=1" : "POST /api/v1/reload", reply}});
  return reload(client_for(endpoint), dry_run);
}

TEST(ReloadCommand, SaysWhatChanged) {
  const std::string applied = FakeEndpoint::http(200, R"({"result": "applied", "text": "~ a: 1 -> 2\n+ b\u001b\n"})");
  for (const bool dry_run : {false, true}) {
    const Outcome outcome = reload_from(applied, dry_run);
    EXPECT_EQ(outcome.status, 0);
    EXPECT_EQ(outcome.out, "~ a: 1 -> 2\n+ b\\x1b\n");
    EXPECT_EQ(outcome.err, "");
  }
  const Outcome unchanged = reload_from(FakeEndpoint::http(200, R"({"result": "unchanged", "text": ""})"));
  EXPECT_EQ(unchanged.status, 0);
  EXPECT_EQ(unchanged.out, "nothing differs from what runs\n");
}

TEST(ReloadCommand, SaysEachProblemOfARefusedFile) {
  const Outcome outcome = reload_from(
      FakeEndpoint::http(409, R"({"error": "it is refused", "problems": ["f:1:1: a: unknown key", "f:2:1: b"]})"));
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, "f:1:1: a: unknown key\nf:2:1: b\nweir reload: it is refused\n");
}

TEST(ReloadCommand, OtherRefusalsAreThoseOfEveryCommand) {
  const std::string denied = FakeEndpoint::http(403, R"({"error": "acting is not allowed from there"})");
  EXPECT_THROW(reload_from(denied), Refused);
}

class CheckDiff : public testing::Test {
 protected:
  static ServerConfig load(const std::string& text) { return load_config_text(text, "weir.yaml"); }

  /// What is said where a daemon runs one configuration and the other is checked.
  static Outcome compare(const std::string& running, const std::string& next) {
    const FakeEndpoint endpoint(
        {{"GET /api/v1/config", FakeEndpoint::http(200, dump_config(load(running)))},
         {"GET /api/v1/status", FakeEndpoint::http(200, R"({"listeners": [{"name": "a", "active": 3}]})")}});
    return compare_with_running(client_for(endpoint), load(next));
  }

  static constexpr const char* kPlain = "workers: 2\nlisteners: [{name: a, bind: \":1\", echo: {}}]\n";
};

TEST_F(CheckDiff, NothingDiffers) {
  const Outcome outcome = compare(kPlain, kPlain);
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.out, "nothing differs from what runs\n");
}

TEST_F(CheckDiff, WhatDiffersIsNamedWithTheConnectionsThatItTouches) {
  const Outcome outcome =
      compare(kPlain, "workers: 2\nlisteners: [{name: a, bind: \":1\", echo: {}, timeouts: {idle: 1h}}]\n");
  EXPECT_EQ(outcome.status, 3);
  EXPECT_EQ(outcome.out, "~ listener a: timeouts.idle 10m -> 1h (3 connections go on as they are)\n");
  EXPECT_EQ(outcome.err, "");
}

TEST_F(CheckDiff, WhatCannotChangeIsARefusal) {
  const Outcome outcome = compare(kPlain, "workers: 3\nlisteners: [{name: a, bind: \":1\", echo: {}}]\n");
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.out, HasSubstr("! workers: 2 -> 3 cannot change while it runs"));
  EXPECT_THAT(outcome.err, HasSubstr("weir check: a reload would be refused"));
}

TEST_F(CheckDiff, AnotherHttpServerIsToldApart) {
  const FakeEndpoint endpoint({{"GET /api/v1/config", FakeEndpoint::http(200, "{html: [")}});
  try {
    compare_with_running(client_for(endpoint), load(kPlain));
    FAIL() << "it was taken for a configuration";
  } catch (const Unreachable& error) {
    EXPECT_THAT(error.what(), HasSubstr("is it the admin endpoint of weir?"));
  }
}

}  // namespace
}  // namespace weir::admin
