#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/daemon.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

/// The command line of `weir` as its user meets it: what it says, and with which exit status.
namespace weir::test {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(CommandLine, TheVerboseVersionSaysWhatAProgramWasBuiltFrom) {
  for (const char* program : {"weir", "weir-load"}) {
    const Finished plain = run(program, {"--version"});
    const Finished version = run(program, {"--version", "--verbose"});
    EXPECT_EQ(version.exit, 0);
    EXPECT_THAT(version.err, IsEmpty());
    EXPECT_THAT(version.out, testing::StartsWith(plain.out));
    EXPECT_THAT(version.out, ContainsRegex("\ncommit     ([0-9a-f]{12}(\\+changes)?|unknown)\n"));
    EXPECT_THAT(version.out, ContainsRegex("\ncompiler   [a-z+]+ [0-9]"));
    for (const char* part : {"build", "features"})
      EXPECT_THAT(version.out, ContainsRegex(std::string("\n") + part + " +[a-zA-Z]"));
    EXPECT_THAT(version.out, ContainsRegex("\nlibraries  Boost 1[.]"));
    EXPECT_THAT(version.out, ContainsRegex("\n           OpenSSL [0-9]"));
    EXPECT_THAT(version.out, Not(HasSubstr("unknown\n ")));
  }
}

TEST(CommandLine, VersionAndHelpGoToStandardOutputAndSucceed) {
  const Finished version = run("weir", {"--version"});
  EXPECT_EQ(version.exit, 0);
  EXPECT_THAT(version.out, ContainsRegex("[0-9]+\\.[0-9]+\\.[0-9]+"));
  EXPECT_THAT(version.err, IsEmpty());
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"--help"}, {"help"}}) {
    const Finished help = run("weir", arguments);
    EXPECT_EQ(help.exit, 0);
    for (const char* verb : {"run", "check", "config", "echo", "discard", "proxy"})
      EXPECT_THAT(help.out, HasSubstr(verb));
  }
  const Finished proxy = run("weir", {"help", "proxy"});
  EXPECT_EQ(proxy.exit, 0);
  EXPECT_THAT(proxy.out, HasSubstr("TARGET"));
}

TEST(CommandLine, UnknownVerbIsBadUsageAndNamesTheNearestOne) {
  const Finished finished = run("weir", {"ecoh", "127.0.0.1:0"});
  EXPECT_EQ(finished.exit, 2);
  EXPECT_THAT(finished.err, HasSubstr("echo"));
  EXPECT_THAT(finished.out, IsEmpty());
}

TEST(CommandLine, BadUsageIsExitStatusTwoWithAReason) {
  const std::vector<std::vector<std::string>> wrong{{"echo", "127.0.0.1:70000"},
                                                    {"echo", "127.0.0.1"},
                                                    {"echo", "--loud"},
                                                    {"proxy", "127.0.0.1:0"},
                                                    {"proxy", "127.0.0.1:0", "127.0.0.1:0"},
                                                    {"check", "one.yaml", "two.yaml"},
                                                    {"echo", "127.0.0.1:0", "--set", "wokers=3"},
                                                    {"echo", "127.0.0.1:0", "--set", "workers=many"},
                                                    {"echo", "127.0.0.1:0", "--set", "workers"}};
  for (const std::vector<std::string>& arguments : wrong) {
    const Finished finished = run("weir", arguments);
    EXPECT_EQ(finished.exit, 2) << testing::PrintToString(arguments) << finished.err;
    EXPECT_THAT(finished.err, Not(IsEmpty())) << testing::PrintToString(arguments);
  }
}

TEST(CommandLine, SetWithAnUnknownKeyNamesTheNearestOne) {
  EXPECT_THAT(run("weir", {"echo", "127.0.0.1:0", "--set", "wokers=3"}).err, HasSubstr("workers"));
}

TEST(CommandLine, BusyPortIsARunTimeFailureThatNamesTheAddress) {
  const TestListener busy;
  const Finished finished = run("weir", {"echo", busy.address()});
  EXPECT_EQ(finished.exit, 1);
  EXPECT_THAT(finished.err, HasSubstr(busy.address()));
  EXPECT_THAT(finished.err, ContainsRegex("in use"));
}

TEST(CommandLine, PortOfAnotherDaemonIsBusyToo) {
  Daemon daemon = Daemon::with_verb({"echo", "127.0.0.1:0"});
  EXPECT_EQ(run("weir", {"echo", daemon.addresses().front()}).exit, 1);
}

TEST(CommandLine, EchoUppercasesWhenAsked) {
  Daemon daemon = Daemon::with_verb({"echo", "127.0.0.1:0", "--upper"});
  EXPECT_EQ(daemon.connect().exchange("held level").bytes, "HELD LEVEL");
}

TEST(CommandLine, ProxyTakesSeveralTargetsInTurn) {
  FakeBackend a(greets_then_echoes("A"));
  FakeBackend b(greets_then_echoes("B"));
  Daemon daemon = Daemon::with_verb({"proxy", "127.0.0.1:0", a.address(), b.address()});
  for (int i = 0; i < 20; ++i) daemon.connect().receive_exactly(1);
  EXPECT_GT(a.accepted(), 0u);
  EXPECT_GT(b.accepted(), 0u);
}

TEST(CommandLine, HealthcheckSucceedsOnlyWhereSomethingAccepts) {
  TestListener listener;
  EXPECT_EQ(run("weir", {"healthcheck", listener.address()}).exit, 0);
  const std::string address = listener.address();
  listener.close();
  EXPECT_EQ(run("weir", {"healthcheck", address}).exit, 1);
}

}  // namespace
}  // namespace weir::test
