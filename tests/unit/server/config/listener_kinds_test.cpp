#include "server/config/listener_kinds.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "server/config/config_loader.hpp"

namespace weir {
namespace {

using ::testing::HasSubstr;

/// The first problem of a file, without its name; empty where there is none.
std::string problem_of(const std::string& text) {
  try {
    load_config_text(text, "f");
    return "";
  } catch (const ConfigError& error) {
    return error.problems().front().to_string();
  }
}

std::string problem_of_listener(const std::string& entries) {
  return problem_of("listeners: [{name: a, echo: {}, " + entries + "}]");
}

std::string problem_of_binds(const std::string& first, const std::string& second) {
  return problem_of("listeners:\n  - {name: a, echo: {}, bind: '" + first + "'}\n  - {name: b, echo: {}, bind: '" +
                    second + "'}\n");
}

TEST(ListenerKinds, OverlappingBindsAreFound) {
  EXPECT_EQ(problem_of_binds("127.0.0.1:7000-7010", "127.0.0.1:7010-7020"),
            "f:3:31: listeners.b.bind: 127.0.0.1:7010-7020 overlaps 127.0.0.1:7000-7010, which is bound on line 2; use "
            "other ports");
  EXPECT_THAT(problem_of_binds("127.0.0.1:7000-7010", "127.0.0.1:7005"), HasSubstr("overlaps"));
  EXPECT_THAT(problem_of_binds("127.0.0.1:7005", ":7000-7010"), HasSubstr("overlaps 127.0.0.1:7005"));
  EXPECT_THAT(problem_of_binds("0.0.0.0:7005", "127.0.0.1:7005"), HasSubstr("overlaps 0.0.0.0:7005"));
  EXPECT_THAT(problem_of_binds("Host.test:7005", "host.TEST:7005"), HasSubstr("is already bound on line 2"));
  EXPECT_THAT(problem_of_binds("[::]:7005", "[::1]:7005"), HasSubstr("overlaps [::]:7005"));
  EXPECT_THAT(problem_of_binds("[::1]:7000-7001", "[0:0::1]:7000-7001"), HasSubstr("is already bound on line 2"));
}

TEST(ListenerKinds, BindsBesideEachOtherAreNone) {
  EXPECT_EQ(problem_of_binds("127.0.0.1:7000-7010", "127.0.0.1:7011-7020"), "");
  EXPECT_EQ(problem_of_binds("127.0.0.1:7000-7010", "127.0.0.2:7000-7010"), "");
  EXPECT_EQ(problem_of_binds("0.0.0.0:7000", "[::]:7000"), "");
  EXPECT_EQ(problem_of_binds(":0", "127.0.0.1:0"), "");
  EXPECT_EQ(problem_of_binds("unix:/a", "unix:@/a"), "");
}

TEST(ListenerKinds, RangesOfAListenerAndItsServersHaveOneLength) {
  const auto problem = [](const std::string& bind, const std::string& server) {
    return problem_of("listeners: [{name: a, proxy: {upstream: u}, bind: " + bind +
                      "}]\nupstreams: [{name: u, servers: [{address: 'h:9'}, {address: '" + server + "'}]}]\n");
  };
  EXPECT_EQ(problem("':7000-7010'", "h:8000-8010"), "");
  EXPECT_EQ(problem("':7000-7010'", "h:8000"), "");
  EXPECT_EQ(problem("[':7000-7010', 'unix:/a']", "h:8000"), "");
  EXPECT_EQ(
      problem("':7000-7010'", "h:8000-8009"),
      "f:1:51: listeners.a.bind: :7000-7010 has 11 ports, but backend h:8000-8009 of upstream u has 10 ports; give "
      "both as many ports, or the backend one");
  EXPECT_THAT(problem("':7000'", "h:8000-8009"), HasSubstr(":7000 has one port, but backend"));
  EXPECT_THAT(problem("[':7000-7001', 'unix:/a']", "h:1-2"), HasSubstr("unix:/a has one port"));
}

TEST(ListenerKinds, UnixSectionSaysWhatIsWrongWithIt) {
  const auto problem = [](const std::string& section) {
    return problem_of_listener("bind: unix:/a, unix: {" + section + "}");
  };
  EXPECT_EQ(problem("mode: \"0600\", owner: root, group: \"0\""), "");
  EXPECT_EQ(problem("mode: 777"), "");
  EXPECT_EQ(problem("mode: \"0680\""),
            "f:1:61: listeners.a.unix.mode: \"0680\" is not a mode; write three octal digits, as \"0660\"");
  EXPECT_THAT(problem("mode: \"1777\""), HasSubstr("is not a mode"));
  EXPECT_THAT(problem("mode: rw-rw----"), HasSubstr("is not a mode"));
  EXPECT_THAT(problem("mode: \"\""), HasSubstr("is not a mode"));
  EXPECT_EQ(problem("owner: nobody-of-that-name"),
            "f:1:62: listeners.a.unix.owner: there is no user \"nobody-of-that-name\" on this machine");
  EXPECT_THAT(problem("group: none-of-that-name"), HasSubstr("there is no group \"none-of-that-name\""));
  EXPECT_THAT(problem("colour: red"), HasSubstr("unknown key"));
}

TEST(ListenerKinds, UnixSectionNeedsAFile) {
  const char* const kNoFile =
      "listeners.a.unix: is for sockets with a file, but this listener binds no unix:/path; bind one, or remove this";
  EXPECT_THAT(problem_of_listener("bind: ':1', unix: {}"), HasSubstr(kNoFile));
  EXPECT_THAT(problem_of_listener("bind: 'unix:@a', unix: {mode: \"0600\"}"), HasSubstr(kNoFile));
  EXPECT_EQ(problem_of_listener("bind: [':1', 'unix:/a'], unix: {}"), "");
}

TEST(ListenerKinds, ThereIsABoundToWhatIsBound) {
  std::string list;
  for (int i = 0; i < 4097; ++i) list += "':" + std::to_string(i + 1) + "', ";
  try {
    load_config_text("listeners: [{name: a, bind: [" + list + "], echo: }]\n", "f");
    FAIL() << "loaded";
  } catch (const ConfigError& error) {
    ASSERT_EQ(error.problems().size(), 1u);
    EXPECT_THAT(error.problems().front().to_string(),
                testing::HasSubstr("listeners.a.bind.4096: is one address too many: 4096 can be bound"));
  }
}

}  // namespace
}  // namespace weir
