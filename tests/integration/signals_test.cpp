#include <gmock/gmock.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/notifications.hpp"
#include "tests/support/refuses.hpp"
#include "tests/support/stopwatch.hpp"

namespace weir::test {
namespace {

/// Waits until new connections are refused, which is when the drain has begun.
bool stops_listening(const Daemon& daemon) {
  return wait_until([&] { return refuses(daemon); });
}

void expect_alive(Peer& peer) {
  peer.send_all("alive");
  EXPECT_EQ(peer.receive_exactly(5), "alive");
}

/// What the log says at the end of a drain about all of it, and about the connections that lasted longest.
std::vector<std::string> drain_report(const std::string& log) {
  std::vector<std::string> lines = lines_of(log);
  const auto begin = std::find_if(lines.begin(), lines.end(),
                                  [](const std::string& line) { return line.find("drained: ") != std::string::npos; });
  lines.erase(lines.begin(), begin);
  return lines;
}

class DrainSignal : public testing::TestWithParam<int> {};

TEST_P(DrainSignal, StopsListeningAndLetsLiveConnectionsEndByThemselves) {
  Daemon daemon = Daemon::with_config(echo_config() + "drain_timeout: 1h");
  Peer client = daemon.connect();
  expect_alive(client);
  daemon.process().signal(GetParam());
  ASSERT_TRUE(stops_listening(daemon));
  for (int i = 0; i < 10; ++i) expect_alive(client);
  EXPECT_TRUE(daemon.process().running());
  EXPECT_EQ(client.exchange("").ending, Ending::fin);
  EXPECT_EQ(daemon.process().wait_exit(), 0);
  EXPECT_EQ(daemon.wait_for_record(of_client(client.local_name())).end(), "drained");
}

INSTANTIATE_TEST_SUITE_P(Each, DrainSignal, testing::Values(SIGTERM, SIGINT),
                         [](const auto& signal) { return signal.param == SIGTERM ? "Sigterm" : "Sigint"; });

TEST(Signals, DrainWorksAfterManyConnectionsWereRefused) {
  Daemon daemon = Daemon::with_config(echo_config() + "workers: 2\ndrain_timeout: 1h\nlimits: {connections: 2}");
  Peer first = daemon.connect();
  Peer second = daemon.connect();
  expect_alive(first);
  expect_alive(second);
  for (int i = 0; i < 300; ++i) EXPECT_EQ(daemon.connect().exchange("").ending, Ending::reset);
  expect_alive(first);
  daemon.process().signal(SIGTERM);
  ASSERT_TRUE(stops_listening(daemon));
  EXPECT_EQ(first.exchange("").ending, Ending::fin);
  EXPECT_EQ(second.exchange("").ending, Ending::fin);
  EXPECT_EQ(daemon.process().wait_exit(), 0);
}

TEST(Signals, DrainThatTakesTooLongCutsWhatIsLeftAndSaysHowManyEndedHow) {
  Daemon daemon = Daemon::with_config(echo_config() + "drain_timeout: 700ms");
  Peer one = daemon.connect();
  Peer two = daemon.connect();
  Peer three = daemon.connect();
  for (Peer* peer : {&one, &two, &three}) expect_alive(*peer);
  const Stopwatch since_signal;
  daemon.drain();
  ASSERT_TRUE(stops_listening(daemon));
  const std::string first = one.local_name();
  one.close();
  EXPECT_NE(two.receive_until_end().ending, Ending::silence);
  EXPECT_GE(since_signal.elapsed(), std::chrono::milliseconds(700));
  EXPECT_EQ(daemon.process().wait_exit(), 0);
  EXPECT_EQ(daemon.wait_for_record(of_client(two.local_name())).end(), "shutdown");
  EXPECT_EQ(daemon.wait_for_record(of_client(three.local_name())).end(), "shutdown");
  EXPECT_EQ(daemon.wait_for_record(of_client(first)).end(), "drained");
  // Whoever asks whether it listens may have been a connection, too.
  const std::vector<std::string> report = drain_report(daemon.process().err());
  ASSERT_GE(report.size(), 4u);
  EXPECT_THAT(report[0], testing::ContainsRegex("drained: [0-9]+ connections? ended by themselves, 2 were cut"));
  const auto ended = [](const std::string& end, const std::string& client) {
    return testing::ContainsRegex("drain: connection [0-9]+ ended [0-9.]+s into the drain end=" + end +
                                  " listener=echo client=" + client);
  };
  EXPECT_THAT(
      std::vector({report[1], report[2]}),
      testing::UnorderedElementsAre(ended("shutdown", two.local_name()), ended("shutdown", three.local_name())));
  EXPECT_THAT(report, testing::Contains(ended("drained", first)));
}

TEST(Signals, SecondSignalStopsAtOnceAndStillRecordsEveryConnection) {
  FakeBackend backend(never_answers());
  Daemon daemon = Daemon::with_config(proxy_config({backend.address()}) + "drain_timeout: 1h");
  Peer one = daemon.connect();
  Peer two = daemon.connect();
  ASSERT_TRUE(wait_until([&] { return backend.accepted() == 2; }));
  daemon.drain();
  ASSERT_TRUE(stops_listening(daemon));
  EXPECT_TRUE(daemon.process().running());
  daemon.drain();
  EXPECT_EQ(daemon.process().wait_exit(), 0);
  EXPECT_NE(one.receive_until_end().ending, Ending::silence);
  EXPECT_EQ(daemon.wait_for_record(of_client(one.local_name())).end(), "shutdown");
  EXPECT_EQ(daemon.wait_for_record(of_client(two.local_name())).end(), "shutdown");
}

TEST(Signals, SigtermWithoutConnectionsExitsAtOnce) {
  Daemon daemon = Daemon::with_config(echo_config() + "drain_timeout: 1h");
  EXPECT_EQ(daemon.stop(), 0);
}

TEST(Signals, SighupWithoutAConfigFileDrains) {
  Daemon daemon = Daemon::with_verb({"echo", "127.0.0.1:0"});
  Peer client = daemon.connect();
  expect_alive(client);
  daemon.process().signal(SIGHUP);
  ASSERT_TRUE(stops_listening(daemon));
  expect_alive(client);
  client.close();
  EXPECT_EQ(daemon.process().wait_exit(), 0);
}

TEST(Signals, SighupDuringADrainCutsNobody) {
  Daemon daemon = Daemon::with_verb({"echo", "127.0.0.1:0", "--set", "drain_timeout=1h"});
  Peer client = daemon.connect();
  expect_alive(client);
  daemon.process().signal(SIGHUP);
  ASSERT_TRUE(stops_listening(daemon));
  daemon.process().signal(SIGHUP);
  daemon.process().signal(SIGUSR1);  // which is handled after it
  daemon.process().wait_for_error_line("log files reopened");
  for (int i = 0; i < 2000; ++i) expect_alive(client);  // over several steps of the drain
  client.close();
  EXPECT_EQ(daemon.process().wait_exit(), 0);
  EXPECT_THAT(daemon.process().err(), testing::Not(testing::HasSubstr("cutting")));
}

TEST(Signals, SighupWithTheSameConfigurationChangesNothing) {
  Daemon daemon = Daemon::with_config(echo_config() + "drain_timeout: 1h");
  Peer client = daemon.connect();
  expect_alive(client);
  daemon.process().signal(SIGHUP);
  daemon.process().wait_for_error_line("SIGHUP: reloaded; the configuration is the same");
  expect_alive(client);
  Peer newcomer = daemon.connect();
  expect_alive(newcomer);
}

TEST(Signals, ServiceManagerIsToldWhenTheDaemonIsReadyAndWhenItStops) {
  const Notifications notifications;
  Process::Options options;
  options.environment = {{"NOTIFY_SOCKET", notifications.path()}};
  Daemon daemon = Daemon::with_config(echo_config() + "drain_timeout: 1h", options);
  Peer client = daemon.connect();
  expect_alive(client);
  std::string told;
  const auto is_told = [&](const char* last) {
    return wait_until([&] { return (told += notifications.all()).find(last) != std::string::npos; });
  };
  ASSERT_TRUE(is_told("ready")) << told;
  EXPECT_THAT(told, testing::MatchesRegex("READY=1\nSTATUS=weir .* ready: 1 listener, 3 workers.*\n"));
  told.clear();
  daemon.drain();
  ASSERT_TRUE(is_told("draining")) << told;
  EXPECT_THAT(told, testing::HasSubstr("STOPPING=1\nSTATUS=draining 1 connection\nEXTEND_TIMEOUT_USEC=3615000000\n"));
  client.close();
  EXPECT_EQ(daemon.process().wait_exit(), 0);
}

TEST(Signals, Sigusr1ReopensTheAccessLogAfterItWasRenamed) {
  Daemon daemon = Daemon::with_config(echo_config());
  daemon.connect().exchange("one");
  daemon.wait_for_record();
  std::filesystem::rename(daemon.access_log(), daemon.access_log() + ".1");
  daemon.process().signal(SIGUSR1);
  ASSERT_TRUE(wait_until([&] { return std::filesystem::exists(daemon.access_log()); }));
  daemon.connect().exchange("three");
  EXPECT_EQ(daemon.wait_for_record().bytes_in(), 5);
  EXPECT_EQ(lines_of(read_file(daemon.access_log() + ".1")).size(), 1u);
}

TEST(Signals, Sigusr1ReopensTheLogFileAfterItWasRenamed) {
  const TempDir dir;
  const std::string log = dir.file("weir.log");
  Process daemon("weir", {"echo", "127.0.0.1:0", "--set", "log.file=" + log});
  ASSERT_TRUE(wait_until([&] { return read_file(log).find("ready") != std::string::npos; })) << daemon.err();
  std::filesystem::rename(log, log + ".1");
  daemon.signal(SIGUSR1);
  ASSERT_TRUE(wait_until([&] { return std::filesystem::exists(log); }));
  daemon.signal(SIGTERM);
  EXPECT_EQ(daemon.wait_exit(), 0);
  EXPECT_NE(read_file(log), "");
  EXPECT_EQ(read_file(log).find("ready"), std::string::npos);
}

TEST(Signals, Sigusr1GoesOnWithTheOldFileWhereTheNewOneCannotBeOpened) {
  Daemon daemon = Daemon::with_config(echo_config());
  daemon.connect().exchange("one");
  daemon.wait_for_record();
  const std::string log = daemon.access_log();
  std::filesystem::rename(log, log + ".1");
  std::filesystem::create_directory(log);
  daemon.process().signal(SIGUSR1);
  daemon.process().wait_for_error_line("cannot reopen");
  daemon.connect().exchange("three");
  EXPECT_TRUE(wait_until([&] { return lines_of(read_file(log + ".1")).size() == 2; }));
  EXPECT_EQ(daemon.stop(), 0);
}

TEST(Signals, StreamThatIsCutInTheMiddleEndsWithAResetAndNotAsIfItWereComplete) {
  FakeBackend backend([](Peer& client) {
    const std::string bytes(1 << 16, 'x');
    for (;;) client.send_all(bytes);
    return Leave::close;
  });
  Daemon daemon = Daemon::with_config(proxy_config({backend.address()}) + "drain_timeout: 100ms");
  Peer client = daemon.connect();
  client.receive_exactly(1 << 20);
  daemon.process().signal(SIGTERM);
  EXPECT_EQ(client.receive_until_end().ending, Ending::reset);
  EXPECT_EQ(daemon.process().wait_exit(), 0);
}

}  // namespace
}  // namespace weir::test
