#include <gmock/gmock.h>

#include <csignal>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/dead_ends.hpp"

/// What the daemon says when it can't start, and what `weir check` says of it beforehand.
namespace weir::test {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

TEST(Start, EachListenerThatCannotListenIsNamed) {
  const Daemon other = Daemon::with_config(echo_config());
  const std::string taken = "127.0.0.1:" + std::to_string(other.port());
  const TempDir dir;
  const std::string path = dir.write("weir.yaml",
                                     "listeners:\n"
                                     "  - {name: one, bind: '" +
                                         taken +
                                         "', echo: {}}\n"
                                         "  - {name: two, bind: '127.0.0.1:0', echo: {}}\n"
                                         "  - {name: three, bind: 'unix:" +
                                         dir.path().string() + "', echo: {}}\n");
  const Finished finished = run("weir", {"run", path});
  EXPECT_EQ(finished.exit, 1);
  EXPECT_THAT(finished.err, AllOf(HasSubstr("critical listener one: cannot listen on " + taken + ": Address already"),
                                  HasSubstr("critical listener three: cannot listen on unix:"),
                                  HasSubstr("critical 2 of 3 listeners cannot listen"), Not(HasSubstr("two"))));
}

TEST(Start, FileMayBeAnArgument) {
  const TempDir dir;
  const std::string path = dir.write("weir.yaml", echo_config());
  EXPECT_THAT(run("weir", {"check", path}).out, HasSubstr(path + ": ok"));
  EXPECT_THAT(run("weir", {"config", path}).out, HasSubstr("127.0.0.1:0"));
  Process daemon("weir", {"run", path});
  daemon.wait_for_error_line("ready");
}

TEST(Start, RelativeRangesFileStandsBesideTheConfiguration) {
  const TempDir dir;
  dir.write("clients", "192.0.2.0/24\n");
  const std::string path = dir.write("weir.yaml", echo_config("allow_file: clients"));
  EXPECT_EQ(run("weir", {"check", path}).err, "");
  EXPECT_THAT(run("weir", {"config", path}).out, HasSubstr("allow_file: \"" + dir.file("clients") + "\""));
  const Finished overridden = run("weir", {"check", path, "--set", "listeners.echo.deny_file=clients"});
  EXPECT_EQ(overridden.exit, 2) << "the command line means the working directory";
  EXPECT_THAT(overridden.err, HasSubstr("--set listeners.echo.deny_file"));
}

TEST(Start, CheckFindsALogThatCannotBeOpenedAndTheDaemonMakesNoFolder) {
  const TempDir dir;
  const std::string log = dir.file("absent/weir.log");
  for (const std::string key : {"log.file", "access_log.file"}) {
    const std::vector<std::string> set{"--set", key + "=" + log};
    const std::string path = dir.write("weir.yaml", echo_config());
    const Finished check = run("weir", {"check", path, set[0], set[1]});
    EXPECT_EQ(check.exit, 0);
    EXPECT_THAT(check.out,
                ContainsRegex("warning: " + key + ": .*there is no folder .*absent; a daemon that runs as that user"));
    const Finished start = run("weir", {"run", path, set[0], set[1]});
    EXPECT_EQ(start.exit, 1);
    EXPECT_THAT(start.err, HasSubstr("cannot open " + log + ": there is no folder " + dir.file("absent")));
    EXPECT_FALSE(std::filesystem::exists(dir.file("absent")));
  }
}

TEST(Start, TooFewDescriptorsAreCalledThat) {
  const TempDir dir;
  const std::string path = dir.write("weir.yaml", echo_config());
  const Finished check = run("weir", {"check", path}, {.descriptors = 20});
  EXPECT_THAT(check.out, ContainsRegex("warning: no descriptor is left for connections: .* limit is 20; raise it"));
  for (const unsigned limit : {6u, 10u, 12u}) {
    const Finished start = run("weir", {"run", path}, {.descriptors = limit});
    EXPECT_EQ(start.exit, 1) << limit;
    EXPECT_THAT(start.err, ContainsRegex("[Dd]escriptors|Too many open files")) << limit;
  }
}

TEST(Start, DrainSaysThatASecondSignalStopsAtOnce) {
  Daemon daemon = Daemon::with_config(echo_config() + "drain_timeout: 90s");
  const Peer client = daemon.connect();
  daemon.drain();
  daemon.process().wait_for_error_line("draining .* connections?, 90s at most; a second signal stops at once");
}

TEST(Start, ProxyHeaderThatIsNoneIsSaidOnceAndPlainly) {
  Daemon daemon = Daemon::with_config(echo_config("accept_proxy_protocol: required"));
  Peer client = daemon.connect();
  client.send_all("GET / HTTP/1.1\r\n\r\n");
  client.receive_until_end();
  const std::string line = daemon.process().wait_for_error_line("PROXY header");
  EXPECT_THAT(line, testing::EndsWith(client.local_name() + " sent no valid PROXY header: it does not begin as one"));
}

TEST(Start, UpstreamWithoutAnyBackendIsSaidInOneLine) {
  const RefusedPort one;
  const RefusedPort two;
  Daemon daemon = Daemon::with_config(proxy_config({one.address(), two.address()}, "", "health: {interval: 20ms}"));
  daemon.process().wait_for_error_line("error upstream back: no backend is up$");
  daemon.stop();
  const std::string log = daemon.process().err();
  EXPECT_EQ(log.find("no backend is up"), log.rfind("no backend is up")) << log;
}

/// Whatever thread needs the first descriptor beyond the table waits until it has grown, some ten milliseconds.
TEST(Start, TheTableOfDescriptorsNeedNotGrowLater) {
  Process::Options options;
  options.descriptors = 3000;
  const Daemon daemon = Daemon::with_config(echo_config(), options);
  std::ifstream status("/proc/" + std::to_string(daemon.process().pid()) + "/status");
  std::size_t size = 0;
  for (std::string word; status >> word;) {
    if (word == "FDSize:") status >> size;  // proc(5)
  }
  EXPECT_GE(size, 3000u);
}

}  // namespace
}  // namespace weir::test
